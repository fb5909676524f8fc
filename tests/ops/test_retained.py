"""Resources that outlive their stack: which they are, and what they are called."""

import pytest

from ops.retained import identifier, retained
from tests.support.generated import Generated, generated

PROD = next(one for one in generated() if (one.stack, one.config.environment) == ("regional", "prod"))


@pytest.mark.parametrize("one", generated(), ids=lambda one: f"{one.config.environment}-{one.stack}")
def test_what_is_retained_is_what_holds_data(one: Generated) -> None:
    """Tables, buckets, databases and the key that encrypts them; nothing that a new stack makes anew."""
    kinds = {part["Type"] for part in retained(one.body).values()}
    assert kinds <= {
        "AWS::DynamoDB::Table", "AWS::Glue::Database", "AWS::Glue::Table", "AWS::KMS::Key", "AWS::S3::Bucket",
        "AWS::Timestream::Database", "AWS::Timestream::Table",
    }  # fmt: skip
    assert bool(kinds) == (one.stack != "fleet")


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Database", {"DatabaseName": "metrics_prod"}),
        ("MetricsTable", {"DatabaseName": "metrics_prod", "TableName": "metrics"}),
        ("ExportDatabase", {"DatabaseName": "metrics_prod"}),
        (
            "ExportAggregatesTable",
            {"CatalogId": "123456789012", "DatabaseName": "metrics_prod", "Name": "aggregates"},
        ),
        ("ExportBucket", {"BucketName": "metrics-prod-exports-123456789012-eu-west-1-an"}),
        ("Key", None),
        ("AlertsTable", None),
    ],
)
def test_a_name_is_as_cloudformation_would_resolve_it(title: str, names: dict[str, str] | None) -> None:
    """References and pseudo parameters are filled in; a name that CloudFormation or AWS chose is not known."""
    kept = retained(PROD.body)
    assert identifier(PROD.config, "123456789012", "eu-west-1", kept[title], kept) == names
