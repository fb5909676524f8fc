"""The region's key: everything that holds data, and every topic, is encrypted with it."""

from dataclasses import dataclass

from awacs import kms
from awacs.aws import (
    Action,
    Allow,
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
from templates.constructs.policy import document
from templates.names import KEY_ALIAS

# Whom IAM lets use or administer the key is IAM's matter; a key policy without this cannot be changed any more.
DELEGATED = [
    kms.CancelKeyDeletion,
    kms.CreateAlias,
    kms.CreateGrant,
    kms.Decrypt,
    kms.DeleteAlias,
    kms.DescribeKey,
    kms.DisableKey,
    kms.DisableKeyRotation,
    kms.EnableKey,
    kms.EnableKeyRotation,
    kms.Encrypt,
    kms.GenerateDataKey,
    kms.GenerateDataKeyWithoutPlaintext,
    kms.GetKeyPolicy,
    kms.GetKeyRotationStatus,
    kms.ListGrants,
    kms.ListKeyPolicies,
    kms.ListKeyRotations,
    kms.ListResourceTags,
    kms.PutKeyPolicy,
    kms.ReEncryptFrom,
    kms.ReEncryptTo,
    kms.RevokeGrant,
    kms.RotateKeyOnDemand,
    kms.ScheduleKeyDeletion,
    kms.TagResource,
    kms.UntagResource,
    kms.UpdateAlias,
    kms.UpdateKeyDescription,
]


@dataclass(frozen=True)
class Key:
    """The customer managed key, and the grants of those that use it."""

    resource: KmsKey

    @property
    def arn(self) -> object:
        """The key's ARN."""
        return self.resource.get_att("Arn")

    def encrypt(self, service: str) -> Statement:
        """The grant to encrypt through one AWS service, with which data is put there."""
        return self._through(service, [kms.GenerateDataKey, kms.Decrypt])

    def decrypt(self, service: str) -> Statement:
        """The grant to decrypt through one AWS service, with which data is read there."""
        return self._through(service, [kms.Decrypt])

    def unload(self) -> list[Statement]:
        """The grants that Timestream's UNLOAD needs besides, to write files under the key in its caller's name.

        https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-prerequisites.html
        """
        service = Sub("timestream.${AWS::Region}.${AWS::URLSuffix}")
        through = StringEquals({"kms:ViaService": service})
        use = [kms.Decrypt, kms.DescribeKey, kms.GenerateDataKey, kms.GenerateDataKeyWithoutPlaintext]
        return [
            Statement(Effect=Allow, Action=use, Resource=[self.arn], Condition=Condition(through)),
            Statement(
                Effect=Allow,
                Action=[kms.CreateGrant],
                Resource=[self.arn],
                Condition=Condition([through, Bool({"kms:GrantIsForAWSResource": "true"})]),
            ),
        ]

    def _through(self, service: str, actions: list[Action]) -> Statement:
        return Statement(
            Effect=Allow,
            Action=actions,
            Resource=[self.arn],
            Condition=Condition(
                StringEquals({"kms:ViaService": Sub(f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}")})
            ),
        )


def add_key(template: Template, config: Config) -> Key:
    """One key, rotated yearly. It outlives the stack: a retained table under a deleted key is lost."""
    key = template.add_resource(
        KmsKey(
            "Key",
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            Description=f"Data and topics of {config.stack_name}",
            EnableKeyRotation=True,
            PendingWindowInDays=30,
            KeyPolicy=document(
                Statement(
                    Sid="AccountDecides",
                    Effect=Allow,
                    Principal=AWSPrincipal(Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
                    Action=DELEGATED,
                    Resource=["*"],
                ),
                # An alarm publishes as the service, not as a role: without this its notification is dropped.
                # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
                Statement(
                    Sid="AlarmsNotify",
                    Effect=Allow,
                    Principal=Principal("Service", "cloudwatch.amazonaws.com"),
                    Action=[kms.Decrypt, kms.GenerateDataKey],
                    Resource=["*"],
                    Condition=Condition(StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})),
                ),
                # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
                Statement(
                    Sid="LogsAreEncrypted",
                    Effect=Allow,
                    Principal=Principal("Service", Sub("logs.${AWS::Region}.${AWS::URLSuffix}")),
                    Action=[
                        kms.Decrypt,
                        kms.DescribeKey,
                        kms.Encrypt,
                        kms.GenerateDataKey,
                        kms.GenerateDataKeyWithoutPlaintext,
                        kms.ReEncryptFrom,
                        kms.ReEncryptTo,
                    ],
                    Resource=["*"],
                    Condition=Condition(
                        ArnLike(
                            {
                                "kms:EncryptionContext:aws:logs:arn": Sub(
                                    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"
                                )
                            }
                        )
                    ),
                ),
            ),
        )
    )
    template.add_resource(Alias("KeyAlias", AliasName=config.name(KEY_ALIAS), TargetKeyId=Ref(key)))
    add_outputs(template, ("KeyArn", key.get_att("Arn"), "The key that encrypts this region's data"))
    return Key(key)
