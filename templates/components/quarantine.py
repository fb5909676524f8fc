"""The quarantine: everything that was accepted and could not be stored, with the reason."""

from dataclasses import dataclass

from awacs import s3
from awacs.aws import Condition, Statement, StringEquals
from troposphere import Ref, Template
from troposphere.s3 import Bucket
from troposphere.timestream import MagneticStoreRejectedDataLocation, S3Configuration

from handlers.vocabulary import QUARANTINED_BATCHES, QUARANTINED_POINTS, REJECTED_REPORTS
from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.config import Config
from templates.constructs.bucket import add_private_bucket, objects, rule
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.names import QUARANTINE_BUCKET


@dataclass(frozen=True)
class Quarantine:
    """The bucket, and the grants of those that put things there."""

    bucket: Bucket
    key: Key

    @property
    def rejected_data(self) -> MagneticStoreRejectedDataLocation:
        """The location of Timestream's reports on late points that it refuses after it accepted them."""
        return MagneticStoreRejectedDataLocation(
            S3Configuration=S3Configuration(
                BucketName=Ref(self.bucket),
                ObjectKeyPrefix=REJECTED_REPORTS.rstrip("/"),
                EncryptionOption="SSE_KMS",
                KmsKeyId=self.key.arn,
            )
        )

    def write_points(self) -> list[Statement]:
        """The grant to write points that cannot be stored."""
        return [
            allow([s3.PutObject], [objects(self.bucket, QUARANTINED_POINTS)], Sid="SetAside"),
            self.key.encrypt("s3"),
        ]

    def write_failed_batches(self) -> list[Statement]:
        """The grant to write batches that Lambda gives up: it looks for the bucket first, in this account alone."""
        own = Condition(StringEquals({"s3:ResourceAccount": Ref("AWS::AccountId")}))
        return [
            allow([s3.ListBucket], [self.bucket.get_att("Arn")], Sid="FindBucket", Condition=own),
            allow([s3.PutObject], [objects(self.bucket, QUARANTINED_BATCHES)], Sid="GiveUp", Condition=own),
            self.key.encrypt("s3"),
        ]

    def write_reports(self) -> list[Statement]:
        """The grant to write reports, as Timestream does in the name of who wrote the points."""
        return [
            allow([s3.PutObject], [objects(self.bucket, REJECTED_REPORTS)], Sid="ReportRejected"),
            allow([s3.GetBucketAcl], [self.bucket.get_att("Arn")], Sid="CheckReportBucket"),
            self.key.encrypt("s3"),
            self.key.decrypt("s3"),
        ]


def add_quarantine(template: Template, config: Config, platform: Platform) -> Quarantine:
    """The bucket; it outlives the stack, and forgets after the days the configuration says."""
    bucket = add_private_bucket(
        template,
        "QuarantineBucket",
        name=config.name(QUARANTINE_BUCKET),
        key_arn=platform.key.arn,
        rules=[rule("Forget", replaced_days=7, ExpirationInDays=config.store.quarantine_days)],
    )
    add_outputs(
        template,
        ("QuarantineBucketName", Ref(bucket), "Accepted points that could not be stored, with reasons"),
    )
    return Quarantine(bucket, platform.key)
