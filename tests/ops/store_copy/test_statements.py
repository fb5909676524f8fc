"""The SQL of a copy."""

from handlers.domain.exports.hour import Hour
from ops.store_copy.statements import count_copied, count_hours, unload

HOUR = Hour.parse("2026-11-22T23")


def test_whatever_a_name_has_in_it_is_quoted() -> None:
    """Names of dimensions, the folder and the key stay what they are."""
    sql = unload('"d"."t"', HOUR, ['a"b', "it's"], "s3://b/c'd", "key'")
    assert sql == (
        'UNLOAD (SELECT "metric_name", "metric_type", "a""b", "it\'s", to_nanoseconds(time) AS export_time_ns, value '
        "FROM \"d\".\"t\" WHERE measure_name = 'metric' AND time >= TIMESTAMP '2026-11-22 23:00:00.000000000' AND "
        "time < TIMESTAMP '2026-11-23 00:00:00.000000000') TO 's3://b/c''d' WITH (format = 'CSV', compression = "
        "'GZIP', include_header = 'false', encryption = 'SSE_KMS', kms_key = 'key''')"
    )


def test_a_range_of_hours_has_its_last_one_whole() -> None:
    """In the source by times, in the lake by the names of hours."""
    assert "< TIMESTAMP '2026-11-23 01:00:00.000000000' GROUP BY bin(time, 1h)" in count_hours(
        "t", HOUR, HOUR.plus(1)
    )
    sql = count_copied("p", "s", "copy/it's", HOUR, HOUR.plus(1))
    assert sql.count("event_hour BETWEEN '2026-11-22-23' AND '2026-11-23-00' AND request = 'copy/it''s'") == 2
