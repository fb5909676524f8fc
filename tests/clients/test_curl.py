"""curl, as a person pastes its lines."""

import time

from tests.support.foreign_clients import ForeignClients, scalars
from tests.support.local_run import LocalRun, wait_for


def test_what_curl_posts_comes_back_through_the_aws_cli_within_five_seconds(
    run: LocalRun, clients: ForeignClients
) -> None:
    """curl posts a batch that can soon be queried; the unmodified AWS CLI returns exactly those points."""
    delays_s = []
    # A machine that is busy at the wrong moment delays one batch or two; a pipeline that is slow delays them all.
    for name in ("curl-1", "curl-2", "curl-3"):
        began_s = time.monotonic()
        run.shell(
            """curl -sf "$TIDEGAUGE_URL" -H 'content-type: application/json' -d '{"metrics": ["""
            f"""{{"metric_name": "{name}", "value": 1.5, "dimensions": {{"host": "a"}}}},"""
            f"""{{"metric_name": "{name}", "value": -2, "dimensions": {{"host": "b"}}}}]}}' """
        )
        run.wait_until_stored(name, 2)
        delays_s.append(time.monotonic() - began_s)
        if delays_s[-1] < 5:
            break
    assert min(delays_s) < 5
    sql = f"SELECT host, value FROM {clients.table} WHERE metric_name = '{name}' ORDER BY host"
    answer = clients.aws("timestream-query", "query", "--query-string", sql)
    assert scalars(answer) == [["a", "1.5"], ["b", "-2.0"]]


def test_curl_compresses_what_it_posts(run: LocalRun) -> None:
    """A body that gzip made is taken, with the header that says so."""
    run.shell(
        """printf '{"metric_name": "curl.gzip", "value": 1}' | gzip | curl -sf "$TIDEGAUGE_URL" """
        """-H 'content-type: application/json' -H 'content-encoding: gzip' --data-binary @-"""
    )
    run.wait_until_stored("curl.gzip", 1)


def test_curl_signs_where_signatures_are_wanted() -> None:
    """In an environment that wants signed requests, the line to paste makes curl sign."""
    run = LocalRun("--environment", "prod", "--no-feed")
    try:
        stdout = run.process.stdout
        assert stdout is not None
        line = next(line for line in stdout if line.startswith("post "))
        assert '"status":"accepted"' in run.shell(line.removeprefix("post ")).replace(" ", "")
        unsigned = """curl -s -o /dev/null -w '%{http_code}' "$TIDEGAUGE_URL" -d '{"metric_name": "x", "value": 1}' """
        assert run.shell(unsigned) == "403"
        wait_for(lambda: run.stored("hello") == 1, "the signed point", seconds=60)
        assert run.end().account == (1, 1, 0, 0)
    finally:
        run.kill()
