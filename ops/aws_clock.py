"""The clock of AWS, by which points arrive, periods end and tokens expire; an operator's may be minutes off."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ops.errors import OperatorError


def time_of(answer: Mapping[str, Any], endpoint_url: str) -> int:
    """The time of an answer of AWS in seconds since 1970; OperatorError if it tells none."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    try:
        return int(parsedate_to_datetime(str(date)).timestamp())
    except ValueError as error:
        raise OperatorError(f"{endpoint_url} does not tell the time") from error
