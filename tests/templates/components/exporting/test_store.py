"""The export store: its bucket and its workgroup."""

from tests.support.generated import Generated, build, lake_config


def test_past_queries_do_not_keep_the_stack(regional: Generated) -> None:
    """Athena refuses to delete a workgroup that was ever asked something, unless told to."""
    groups = regional.of("AWS::Athena::WorkGroup").values()
    assert groups
    assert all(group["RecursiveDeleteOption"] is True for group in groups)


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
    # No rule expires what readers see, but where it is the store itself.
    if regional.config.store.kind == "timestream":
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


def test_the_lakes_objects_are_let_go_by_the_tidier_alone() -> None:
    """It reads the late ones, which say whose points they hold, and nothing else of what it deletes."""
    lake = build("regional", lake_config())
    allowed: dict[str, set[str]] = {}
    for statement in lake.resources["MetricExportTidierRole"]["Properties"]["Policies"][0]["PolicyDocument"][
        "Statement"
    ]:
        for action in statement["Action"]:
            allowed.setdefault(action, set()).update(str(arn) for arn in statement["Resource"])
    folders = ("metrics", "aggregates", "replaced", "hot", "late")
    assert {each for each in folders for arn in allowed["s3:DeleteObject"] if f"/{each}/*" in arn} == set(
        folders
    )
    assert [each for each in folders for arn in allowed["s3:GetObject"] if f"/{each}/*" in arn] == ["late"]


def test_the_lakes_publisher_reads_what_athena_says_it_wrote() -> None:
    """Manifests lie with the results of queries."""
    lake = build("regional", lake_config())
    policy = lake.resources["MetricExportPublisherRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    read = str([each["Resource"] for each in policy["Statement"] if "s3:GetObject" in each["Action"]])
    assert "athena/*" in read
    assert "replaced/*" in read
