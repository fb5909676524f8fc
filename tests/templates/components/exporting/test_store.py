"""The export store: its bucket and its workgroup."""

from tests.support.generated import Generated


def test_past_queries_do_not_keep_the_stack(regional: Generated) -> None:
    """Athena refuses to delete a workgroup that was ever asked something, unless told to."""
    (group,) = regional.of("AWS::Athena::WorkGroup").values()
    assert group["RecursiveDeleteOption"] is True


def test_queries_read_no_more_than_the_limit(regional: Generated) -> None:
    """A query over too many hours is stopped, and no query can get round that within the work group."""
    group = regional.of("AWS::Athena::WorkGroup")["ExportWorkGroup"]["WorkGroupConfiguration"]
    assert group["EnforceWorkGroupConfiguration"] is True
    assert group["BytesScannedCutoffPerQuery"] == regional.config.export.scan_limit_gb * 10**9


def test_replaced_files_leave_no_versions_for_ever(regional: Generated) -> None:
    """Versions, delete markers, half-sent uploads and query results end; older hours move to colder storage."""
    rules = {
        rule["Id"]: rule
        for rule in regional.of("AWS::S3::Bucket")["ExportBucket"]["LifecycleConfiguration"]["Rules"]
    }
    assert rules["ReplacedRuns"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rules["ReplacedRuns"]["ExpiredObjectDeleteMarker"] is True
    assert rules["ColderStorage"]["Transitions"] == [
        {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 30}
    ]
    assert rules["QueryResults"]["Prefix"] == "athena/"
    assert "AbandonedUploads" in rules
    # No rule expires what readers see.
    assert [name for name, rule in rules.items() if "ExpirationInDays" in rule] == ["QueryResults"]


def test_no_function_may_delete_a_version_or_the_catalogs_entries(regional: Generated) -> None:
    """A file that is deleted by mistake is there for a week, and readers' partitions are only ever moved."""
    for title, role in regional.of("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = set(statement["Action"])
                assert not actions & {"s3:DeleteObjectVersion", "glue:DeletePartition", "glue:DeleteTable"}, (
                    title
                )
                if "s3:DeleteObject" in actions:
                    assert title == "MetricExportTidierRole"
