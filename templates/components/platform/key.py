"""The region's key: everything that holds data, and every topic, is encrypted with it."""

from dataclasses import dataclass

from awacs import kms
from awacs.aws import (
    Action,
    ArnLike,
    AWSPrincipal,
    Bool,
    Condition,
    Principal,
    Statement,
    StringEquals,
)
from troposphere import Ref, Sub, Template
from troposphere.kms import Alias
from troposphere.kms import Key as KmsKey

from templates.config import Config
from templates.constructs.outputs import add_outputs
from templates.constructs.ownership import RETAINED
from templates.constructs.policy import actions, allow, document
from templates.names import KEY_ALIAS

# Whom IAM lets use or administer the key is IAM's matter; a key policy without this cannot be changed any more.
DELEGATED = actions(
    "kms",
    "CancelKeyDeletion CreateAlias CreateGrant Decrypt DeleteAlias DescribeKey DisableKey "
    "DisableKeyRotation EnableKey EnableKeyRotation Encrypt GenerateDataKey "
    "GenerateDataKeyWithoutPlaintext GetKeyPolicy GetKeyRotationStatus ListGrants ListKeyPolicies "
    "ListKeyRotations ListResourceTags PutKeyPolicy ReEncryptFrom ReEncryptTo RevokeGrant "
    "RotateKeyOnDemand ScheduleKeyDeletion TagResource UntagResource UpdateAlias UpdateKeyDescription",
)
LOG_ENCRYPTION = actions(
    "kms",
    "Decrypt DescribeKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo",
)


@dataclass(frozen=True)
class Key:
    """The customer managed key, and the grants of those that use it."""

    resource: KmsKey

    @property
    def arn(self) -> object:
        """The key's ARN."""
        return self.resource.get_att("Arn")

    def encrypt(self, service: str) -> Statement:
        """The grant to encrypt through one AWS service, with which data is put there in one piece."""
        return self._through(service, [kms.GenerateDataKey])

    def decrypt(self, service: str) -> Statement:
        """The grant to decrypt through one AWS service, with which data is read there, or put there in parts."""
        return self._through(service, [kms.Decrypt])

    def unload(self) -> list[Statement]:
        """The grants that Timestream's UNLOAD needs besides, to write files under the key in its caller's name.

        https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-prerequisites.html
        """
        service = Sub("timestream.${AWS::Region}.${AWS::URLSuffix}")
        through = StringEquals({"kms:ViaService": service})
        use = actions("kms", "Decrypt DescribeKey GenerateDataKey GenerateDataKeyWithoutPlaintext")
        for_timestream = Condition([through, Bool({"kms:GrantIsForAWSResource": "true"})])
        return [
            allow(use, [self.arn], Condition=Condition(through)),
            allow([kms.CreateGrant], [self.arn], Condition=for_timestream),
        ]

    def _through(self, service: str, use: list[Action]) -> Statement:
        through = Sub(f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}")
        return allow(use, [self.arn], Condition=Condition(StringEquals({"kms:ViaService": through})))


def add_key(template: Template, config: Config) -> Key:
    """One key, rotated yearly. It outlives the stack: a retained table under a deleted key is lost."""
    log_groups = Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*")
    key = template.add_resource(
        KmsKey(
            "Key",
            **RETAINED,
            Description=f"Data and topics of {config.stack_name}",
            EnableKeyRotation=True,
            PendingWindowInDays=30,
            KeyPolicy=document(
                allow(
                    DELEGATED,
                    ["*"],
                    Sid="AccountDecides",
                    Principal=AWSPrincipal(Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
                ),
                # An alarm publishes as the service, not as a role: without this its notification is dropped.
                # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
                allow(
                    [kms.Decrypt, kms.GenerateDataKey],
                    ["*"],
                    Sid="AlarmsNotify",
                    Principal=Principal("Service", "cloudwatch.amazonaws.com"),
                    Condition=Condition(StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})),
                ),
                # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
                allow(
                    LOG_ENCRYPTION,
                    ["*"],
                    Sid="LogsAreEncrypted",
                    Principal=Principal("Service", Sub("logs.${AWS::Region}.${AWS::URLSuffix}")),
                    Condition=Condition(ArnLike({"kms:EncryptionContext:aws:logs:arn": log_groups})),
                ),
            ),
        )
    )
    template.add_resource(Alias("KeyAlias", AliasName=config.name(KEY_ALIAS), TargetKeyId=Ref(key)))
    add_outputs(template, ("KeyArn", key.get_att("Arn"), "The key that encrypts this region's data"))
    return Key(key)
