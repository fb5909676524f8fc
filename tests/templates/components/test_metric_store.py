"""The metric store."""

from tests.support.generated import Generated


def test_the_store_keeps_what_the_configuration_says(regional: Generated) -> None:
    """Retention is the configuration's, as the text that CloudFormation wants; every point has its partition key."""
    if regional.config.store.kind != "timestream":
        assert not [part for part in regional.resources.values() if "Timestream" in part["Type"]]
        return
    (table,) = regional.of("AWS::Timestream::Table").values()
    (database,) = regional.of("AWS::Timestream::Database").values()
    assert database["DatabaseName"] == f"{regional.config.project}_{regional.config.environment}"
    assert table["TableName"] == "metrics"
    assert table["RetentionProperties"] == {
        "MemoryStoreRetentionPeriodInHours": str(regional.config.store.memory_hours),
        "MagneticStoreRetentionPeriodInDays": str(regional.config.store.magnetic_days),
    }
    assert table["MagneticStoreWriteProperties"]["EnableMagneticStoreWrites"] is True
    (partition,) = table["Schema"]["CompositePartitionKey"]
    assert partition == {"Type": "DIMENSION", "Name": "metric_name", "EnforcementInRecord": "REQUIRED"}
