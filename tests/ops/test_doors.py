"""The doors of an environment: an open one is refused, and the worst day behind each is priced."""

import itertools
import json
import re
import string
from dataclasses import replace

import pytest

from benchmarks.metering import write_units
from handlers.adapters.timestream.packing import pack
from ops import doors
from ops.__main__ import main
from ops.errors import OperatorError
from templates.config import Config, load
from templates.config.pipeline import Stream
from tests.support.fleet_account import Account
from tests.support.generated import lake_config
from tests.support.points import point

DEV = replace(load("dev"), stream=Stream(mode="on-demand", retention_hours=24))
INSIDE = replace(DEV, api=replace(DEV.api, allow_from=("203.0.113.0/24",)))


def test_an_open_door_is_refused_unless_it_is_meant() -> None:
    """The line says what is open, what it may cost, and each of the three ways on."""
    with pytest.raises(OperatorError) as refused:
        doors.check(DEV, leave_open=False)
    for part in (
        "environments/dev.toml",
        "costs $369",
        "api.allow_from",
        'auth = "iam"',
        'auth = "token"',
        "--open",
        "OPEN=1",
    ):
        assert part in str(refused.value)
    assert "costs $369" in doors.check(DEV, leave_open=True)


@pytest.mark.parametrize("config", [INSIDE, load("prod")], ids=["addresses", "signatures"])
def test_a_door_that_is_not_open_needs_no_word(config: Config) -> None:
    """What the worst day costs is said all the same."""
    assert "the worst day at the throttle" in doors.check(config, leave_open=False)


def test_the_worst_day_is_the_throttle_full_of_the_largest_requests() -> None:
    """432,000 requests of 1 MiB: 453 GB into the stream and twice out, and every KiB of it written."""
    found = {one.what: round(one.units * one.price, 2) for one in doors.worst_day(DEV)}
    assert found == {"requests": 1.51, "Kinesis in": 36.24, "Kinesis out": 36.24, "Timestream writes": 294.91}
    twice = replace(DEV, api=replace(DEV.api, throttle_rate=10))
    for one, other in zip(doors.worst_day(DEV), doors.worst_day(twice), strict=True):
        assert other.units == 2 * one.units


def test_shards_bound_the_worst_day() -> None:
    """A shard takes 1 MiB a second; the requests that it has no room for cost their request alone."""
    sharded = replace(DEV, stream=Stream(mode="provisioned", retention_hours=24, shards=1))
    found = {one.what: round(one.units * one.price, 2) for one in doors.worst_day(sharded)}
    assert found == {"requests": 1.51, "PUT units": 0.05, "Timestream writes": 58.98}


def test_larger_records_make_a_worse_day() -> None:
    """Four times as large, each request is four times the bytes, and a shard takes a fourth as many."""
    large = replace(DEV, stream=replace(DEV.stream, max_record_kib=4096))
    for one, other in zip(doors.worst_day(DEV)[1:], doors.worst_day(large)[1:], strict=True):
        assert other.units == 4 * one.units
    assert "a second of 4 MiB" in doors.check(large, leave_open=True)
    sharded = Stream(mode="provisioned", retention_hours=24, shards=1, max_record_kib=4096)
    [_, units, _] = doors.worst_day(replace(DEV, stream=sharded))
    assert units.units == 86_400 // 4 * 168


def test_the_worst_day_of_a_lake_is_what_it_keeps() -> None:
    """Each object is a cent's part; the bytes are paid in every month that they are kept."""
    config = replace(lake_config(), stream=Stream(mode="on-demand", retention_hours=24))
    found = {one.what: round(one.units * one.price, 2) for one in doors.worst_day(config)}
    assert found["S3, in each month that it is kept"] == pytest.approx(453 * 0.023, abs=0.01)
    assert "Timestream writes" not in found


def test_the_smallest_points_are_metered_as_high_as_is_said() -> None:
    """Points without dimensions and with names of two letters, at the packing's best; small batches come nearer."""
    names = ["".join(pair) for pair in itertools.product(string.ascii_letters, repeat=2)]
    points = [point(name, time_ns=number) for number, name in enumerate(names)]
    units = sum(write_units([points[index] for index in call]) for call in pack(points))
    body = json.dumps(
        {"metrics": [{"metric_name": name, "value": 1} for name in names]}, separators=(",", ":")
    )
    assert 0.8 * doors.WRITE_UNITS_PER_KIB < units / (len(body) / 1024) <= doors.WRITE_UNITS_PER_KIB


@pytest.mark.parametrize("command", ["deploy", "rollout"])
def test_nothing_is_deployed_through_an_open_door(
    command: str, stacks: dict[str, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Both commands end before anything is made."""
    assert main([command, "--environment", "dev"]) == 1
    shown = capsys.readouterr()
    assert "OPEN=1" in shown.err
    assert "$ aws" not in shown.out
    assert "fleet" not in shown.out


def test_a_rollout_says_what_the_worst_day_costs(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first line on regions."""
    main(["rollout", "--environment", "dev", "--open"])
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert re.fullmatch(r"the worst day at the throttle .* costs \$\d+ in each region: .*", first)
    assert second.startswith("fleet metrics-dev-fleet")
