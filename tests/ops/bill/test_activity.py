"""The work of a month, by the figures of what does it."""

import json
from copy import deepcopy

from msgspec.structs import replace

from handlers.domain.ingest.batch import Report, RequestAccount
from handlers.domain.ingest.report import log_lines
from ops.bill.activity import ACCOUNT_BYTES
from ops.bill.bill import bill
from ops.bill.load import SECONDS, Load
from ops.bill.template import Deployed
from tests.support.bill import deployed
from tests.support.events import ARRIVAL_MS, records

LINE = "GB of logs with each request's account"


def test_the_account_of_a_request_takes_the_bytes_that_it_is_priced_by() -> None:
    """In the metric writer's own lines: an id of API Gateway's, and the counts of a hundred points."""
    template = records({})[0]
    requests = [
        RequestAccount(replace(template, request_id=f"{number:015}="), 100, 100) for number in range(1_000)
    ]
    with_all, without = (
        sum(
            len(line) + 1
            for line in log_lines(Report(requests, None, 1, 0, []), {}, ARRIVAL_MS, every_request=every)
        )
        for every in (True, False)
    )
    assert round((with_all - without) / len(requests)) == ACCOUNT_BYTES


def test_the_log_level_leaves_the_accounts_of_good_requests_out_of_the_bill() -> None:
    """They are a line of their own, which names the setting."""
    load = Load(points_per_second=100_000, request_points=100)
    [line] = [line for line in bill(deployed("dev"), load).lines if line.what == LINE]
    assert (line.setting, round(line.units * 1e9)) == (
        "writer.log_level",
        round(1_000 * SECONDS * ACCOUNT_BYTES),
    )
    quiet: Deployed = deepcopy(deployed("dev"))
    variables = quiet.of("AWS::Lambda::Function")["MetricWriterFunction"]["Environment"]["Variables"]
    assert variables["LOG_LEVEL"] == "INFO"
    regional = json.loads(json.dumps(quiet.regional).replace('"LOG_LEVEL": "INFO"', '"LOG_LEVEL": "WARNING"'))
    without = bill(Deployed(regional, quiet.fleet, 1), load)
    assert LINE not in [line.what for line in without.lines]
