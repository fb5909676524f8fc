"""The doors of an environment: who may post to it, and what the worst day at its throttle costs."""

import argparse
import math

from handlers.vocabulary import TIMESTREAM
from ops.bill.prices import Line, line
from ops.errors import OperatorError
from templates.config import Config

_DAY_S = 24 * 3600
_PUT_UNIT_BYTES = 25_000
_SHARD_KIB_PER_S = 1024
_CONSUMERS = 2
# Packed, the smallest points are metered a third higher than the bytes of their JSON; others lower.
WRITE_UNITS_PER_KIB = 4 / 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the option that leaves the door open."""
    parser.add_argument(
        "--open", action="store_true", help="let whoever finds the URL post, without signature"
    )


def check(config: Config, *, leave_open: bool) -> str:
    """The line on what the worst day costs; OperatorError for an open door that nobody asked for."""
    lines, largest = worst_day(config), config.stream.largest_record
    parts = ", ".join(f"{one.what} ${one.units * one.price:,.0f}" for one in lines)
    dollars = sum(one.units * one.price for one in lines)
    cost = (
        f"the worst day at the throttle ({config.api.throttle_rate} requests a second of {largest}) costs "
        f"${dollars:,.0f} in each region: {parts}; api.throttle_rate bounds it"
    )
    if config.api.open and not leave_open:
        raise OperatorError(
            f'environments/{config.environment}.toml has auth = "none" and no api.allow_from, so whoever finds the URL '
            f"may post, and {cost}. Name your addresses in api.allow_from, ask for signatures with "
            'auth = "iam" or for tokens with auth = "token", or mean it: --open, OPEN=1 with make'
        )
    return cost


def worst_day(config: Config) -> list[Line]:
    """The lines of a day on which every request that the throttle lets through is as large as it may be.

    What a provisioned stream has no room for is refused, and costs no more than its request.
    """
    requests, shards = config.api.throttle_rate * _DAY_S, config.stream.shards
    kib = config.stream.max_record_kib
    records = min(requests, shards * _DAY_S * _SHARD_KIB_PER_S // kib) if shards else requests
    gigabytes = records * kib * 1024 / 1e9
    return [
        line("ingest API", "requests", requests, "api_request"),
        *(
            [
                line(
                    "stream",
                    "PUT units",
                    records * math.ceil(kib * 1024 / _PUT_UNIT_BYTES),
                    "kinesis_put_unit",
                )
            ]
            if shards
            else [
                line("stream", "Kinesis in", gigabytes, "kinesis_in_gb"),
                line("stream", "Kinesis out", gigabytes * _CONSUMERS, "kinesis_out_gb"),
            ]
        ),
        line("metric store", "Timestream writes", records * kib * WRITE_UNITS_PER_KIB, "timestream_write")
        if config.store.kind == TIMESTREAM
        else line("metric store", "S3, in each month that it is kept", gigabytes, "s3_gb_month"),
    ]
