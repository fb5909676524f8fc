"""Why something cannot be stored, in a form that people script against."""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Stable codes; they stand in quarantine lines, so renaming one breaks readers."""

    # of a whole record
    PARTITION_KEY_INVALID = "partition_key_invalid"
    FORMAT_UNKNOWN = "format_unknown"
    BODY_NOT_JSON = "body_not_json"
    BODY_FORM = "body_form"
    BODY_NOT_GZIP = "body_not_gzip"
    BODY_TOO_LARGE = "body_too_large"
    BODY_NOT_OTLP = "body_not_otlp"
    BODY_NOT_LINES = "body_not_lines"
    BODY_NOT_REMOTE_WRITE = "body_not_remote_write"
    PROCESSING_FAILED = "processing_failed"
    # of one metric
    DATA_POINT_INVALID = "data_point_invalid"
    LINE_INVALID = "line_invalid"
    METRIC_NOT_OBJECT = "metric_not_object"
    FIELD_UNKNOWN = "field_unknown"
    METRIC_NAME_MISSING = "metric_name_missing"
    METRIC_NAME_TYPE = "metric_name_type"
    METRIC_NAME_LENGTH = "metric_name_length"
    METRIC_NAME_CHARACTERS = "metric_name_characters"
    METRIC_TYPE_UNKNOWN = "metric_type_unknown"
    VALUE_MISSING = "value_missing"
    VALUE_TYPE = "value_type"
    VALUE_NOT_FINITE = "value_not_finite"
    TIMESTAMP_TYPE = "timestamp_type"
    TIMESTAMP_FORMAT = "timestamp_format"
    TIMESTAMP_IN_FUTURE = "timestamp_in_future"
    TIMESTAMP_TOO_OLD = "timestamp_too_old"
    DIMENSIONS_TYPE = "dimensions_type"
    DIMENSIONS_TOO_MANY = "dimensions_too_many"
    DIMENSION_NAME_LENGTH = "dimension_name_length"
    DIMENSION_NAME_CHARACTERS = "dimension_name_characters"
    DIMENSION_NAME_RESERVED = "dimension_name_reserved"
    DIMENSION_NAME_REPEATED = "dimension_name_repeated"
    DIMENSION_NAME_CASE = "dimension_name_case"
    DIMENSION_BUDGET_SPENT = "dimension_budget_spent"
    DIMENSION_VALUE_TYPE = "dimension_value_type"
    DIMENSION_VALUE_EMPTY = "dimension_value_empty"
    DIMENSION_VALUE_CHARACTERS = "dimension_value_characters"
    POINT_TOO_LARGE = "point_too_large"
    REJECTED_BY_STORE = "rejected_by_store"


class Violation(NamedTuple):
    """One rule that was broken: its code, the field that broke it, and a sentence for a person."""

    reason: Reason
    field: str
    message: str


_SHOWN = 60


def dimension_field(name: str) -> str:
    """The path of one dimension, short even when the name is not."""
    return f"dimensions.{name if len(name) <= _SHOWN else name[:_SHOWN] + '…'}"
