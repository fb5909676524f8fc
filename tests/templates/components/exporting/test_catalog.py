"""The catalog of the exports."""

from handlers.domain.exports.columns import Layout
from handlers.vocabulary import DATASETS
from tests.support.generated import Generated


def test_catalog_tables_have_the_columns_that_every_point_has(regional: Generated) -> None:
    """The publisher adds the columns of dimensions to exactly these."""
    for dataset in DATASETS:
        table = regional.of("AWS::Glue::Table")[f"Export{dataset.capitalize()}Table"]["TableInput"]
        columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
        layout = Layout((), written=True, kind=regional.config.store.kind)
        assert columns == [(name, kind) for name, kind, _ in layout.catalog(dataset)]
        assert [key["Name"] for key in table["PartitionKeys"]] == ["export_date", "export_hour"]
        location = table["StorageDescriptor"]["Location"]["Fn::Sub"]
        assert location == [f"s3://${{Bucket}}/{dataset}/", {"Bucket": {"Ref": "ExportBucket"}}]
