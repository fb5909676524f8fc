"""The export store: the bucket of hours, and the workgroup in which they are queried."""

from collections.abc import Iterator
from dataclasses import dataclass

from awacs import s3
from awacs.aws import Action, Statement
from troposphere import Ref, Sub, Template, athena
from troposphere.s3 import Bucket, LifecycleRule, LifecycleRuleTransition

from handlers import lake
from handlers.vocabulary import LAKE, METRICS
from templates.components.exporting.catalog import Catalog, add_catalog, datasets
from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.config import Config
from templates.constructs.bucket import add_private_bucket, objects, rule
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.names import EXPORT_BUCKET, WORK_GROUP

ATHENA_RESULTS = "athena/"
# Hours that the lake has forgotten need no partition.
_FORGET = ("BatchDeletePartition", "BatchGetPartition", "GetPartitions")

BUCKET_RULES = (
    # Files of replaced runs are deleted a day after they were replaced; their versions go a week later.
    rule("ReplacedRuns", replaced_days=7, ExpiredObjectDeleteMarker=True),
    # Last month's hours are read now and then, older ones hardly; S3 follows what really happens.
    rule(
        "ColderStorage",
        Transitions=[LifecycleRuleTransition(StorageClass="INTELLIGENT_TIERING", TransitionInDays=30)],
    ),
    rule("QueryResults", Prefix=ATHENA_RESULTS, ExpirationInDays=7),
)


@dataclass(frozen=True)
class ExportStore:
    """The bucket of exports with its catalog, and the grants of those that write, publish and tidy them."""

    bucket: Bucket
    catalog: Catalog
    key: Key
    datasets: tuple[str, ...]

    def write(self) -> list[Statement]:
        """The grant to write files, as the store does in the name of who runs the UNLOAD.

        https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-prerequisites.html
        """
        files = self._files(*self.datasets)
        return [
            allow([s3.GetBucketAcl], [self.bucket.get_att("Arn")], Sid="CheckExportBucket"),
            allow(
                [s3.AbortMultipartUpload, s3.GetObject, *self._parts, s3.PutObject], files, Sid="WriteFiles"
            ),
            self.key.encrypt("s3"),
            self.key.decrypt("s3"),
        ]

    def publish(self) -> list[Statement]:
        """The grant to read what was written, to say what it is, and to point readers at it."""
        arn = self.bucket.get_att("Arn")
        # Athena's manifests lie with the results of its queries, Timestream's with the files.
        others = [dataset for dataset in self.datasets if dataset != METRICS]
        read = self._files(*others) + ([objects(self.bucket, ATHENA_RESULTS)] if self._is_lake else [])
        return [
            allow([s3.ListBucket], [arn], Sid="ListFiles"),
            allow([s3.GetObject, s3.PutObject], self._files(METRICS), Sid="WriteStatus"),
            allow([s3.GetObject], read, Sid="ReadManifests"),
            self.key.encrypt("s3"),
            self.key.decrypt("s3"),
            self.catalog.publish(),
        ]

    def tidy(self) -> list[Statement]:
        """The grant to delete files, but no version of them, and to see which the catalog points at.

        In the lake also those that the writers put there, of which the late ones say whose points they hold.
        """
        late = self._files(lake.LATE)
        return [
            allow([s3.ListBucket], [self.bucket.get_att("Arn")], Sid="ListFiles"),
            allow([s3.DeleteObject], self._files(*self.datasets, *self._written), Sid="DeleteFiles"),
            self.catalog.read(*(_FORGET if self._is_lake else ())),
            *([allow([s3.GetObject], late, Sid="ReadLate"), self.key.decrypt("s3")] if self._is_lake else []),
        ]

    @property
    def _is_lake(self) -> bool:
        return lake.REPLACED in self.datasets

    @property
    def _parts(self) -> tuple[Action, ...]:
        """The action that Athena's own list has besides: https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html"""
        return (s3.ListMultipartUploadParts,) if self._is_lake else ()

    @property
    def _written(self) -> tuple[str, ...]:
        return (lake.HOT, lake.LATE) if self._is_lake else ()

    def _files(self, *folders: str) -> list[object]:
        return [objects(self.bucket, f"{folder}/") for folder in folders]


def add_export_store(template: Template, config: Config, platform: Platform) -> ExportStore:
    """Bucket and catalog, which outlive the stack, and the workgroup."""
    bucket = add_private_bucket(
        template,
        "ExportBucket",
        name=config.name(EXPORT_BUCKET),
        key_arn=platform.key.arn,
        rules=(*BUCKET_RULES, *_retention(config)),
    )
    catalog = add_catalog(template, config, bucket=bucket)
    work_group = add_work_group(
        template,
        "ExportWorkGroup",
        config.name(WORK_GROUP),
        "Queries over the hourly exports",
        bucket=bucket,
        key=platform.key,
        scan_limit_gb=config.export.scan_limit_gb,
    )
    add_outputs(
        template,
        ("ExportBucketName", Ref(bucket), "The exported hours, and Athena's results"),
        ("ExportDatabaseName", Ref(catalog.database), "The Glue database of the exports"),
        ("ExportWorkGroupName", Ref(work_group), "The Athena workgroup to query them in"),
    )
    return ExportStore(bucket, catalog, platform.key, datasets(config))


def _retention(config: Config) -> Iterator[LifecycleRule]:
    """The rules by which the lake forgets: exports of another store are kept until somebody deletes them."""
    if config.store.kind == LAKE:
        for prefix in lake.RETAINED_PREFIXES:
            name = f"Forget{prefix.rstrip('/').capitalize()}"
            yield rule(name, Prefix=prefix, ExpirationInDays=config.store.days_kept)


def add_work_group(
    template: Template,
    title: str,
    name: str,
    description: str,
    *,
    bucket: Bucket,
    key: Key,
    scan_limit_gb: int | None = None,
) -> athena.WorkGroup:
    """A group of queries. Athena bills what it reads, so with a limit a query that reads too much is stopped."""
    limit = {} if scan_limit_gb is None else {"BytesScannedCutoffPerQuery": scan_limit_gb * 10**9}
    return template.add_resource(
        athena.WorkGroup(
            title,
            Name=name,
            Description=description,
            # Past queries are in it, and would keep it, and so its stack, from being deleted.
            RecursiveDeleteOption=True,
            WorkGroupConfiguration=athena.WorkGroupConfiguration(
                EnforceWorkGroupConfiguration=True,
                PublishCloudWatchMetricsEnabled=True,
                **limit,
                ResultConfiguration=athena.ResultConfiguration(
                    OutputLocation=Sub(f"s3://${{Bucket}}/{ATHENA_RESULTS}", Bucket=Ref(bucket)),
                    EncryptionConfiguration=athena.EncryptionConfiguration(
                        EncryptionOption="SSE_KMS", KmsKey=key.arn
                    ),
                ),
            ),
        )
    )
