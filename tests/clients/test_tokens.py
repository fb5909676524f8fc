"""Clients of other protocols, unmodified, where the API wants a token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.collectd import HOST, counted_by_collectd
from tests.support.influx_writes import written
from tests.support.local_run import LocalRun, wait_for
from tests.support.otlp_clients import JAVASCRIPT, PYTHON, expect_points, exports_of
from tests.support.project_copy import copy_project
from tests.support.stored_rows import quarantined, stored_rows

WRONG = f"tg_{'x' * 43}"
POINT = {"measurement": "m", "tags": {}, "fields": {"value": 1.0, "text": "set aside"}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """A run of an environment whose clients have tokens; its file says the token of the client `local`."""
    project = copy_project(tmp_path_factory.mktemp("project") / "tidegauge")
    dev = (project / "environments" / "dev.toml").read_text()
    changed = dev.replace('auth = "none"', 'auth = "token"').replace(
        "throttle_rate = 5", "throttle_rate = 500"
    )
    (project / "environments" / "guarded.toml").write_text(changed)
    run = LocalRun("--environment", "guarded", "--no-feed", project=project)
    yield run
    run.kill()


@pytest.mark.parametrize(
    ("prefix", "command", "options"),
    [
        ("tokpy", PYTHON, {"compression": "Gzip"}),
        ("tokjs", JAVASCRIPT, {"compression": "gzip", "format": "protobuf"}),
    ],
)
def test_opentelemetry_sends_it_in_a_header(
    guarded: LocalRun, prefix: str, command: list[str], options: dict[str, Any]
) -> None:
    """With one that nobody has the exporter knows that nothing was taken."""
    for token, is_known in ((guarded.environment["TIDEGAUGE_TOKEN"], True), (WRONG, False)):
        headers = {"Authorization": f"Bearer {token}"}
        name = f"{prefix}.{'known' if is_known else 'wrong'}"
        exports = exports_of(command, guarded, name, headers=headers, **options)
        assert {export["sent"] for export in exports} == {is_known}
        if is_known:
            expect_points(guarded, name, [point for export in exports for point in export["points"]])
    assert not stored_rows(guarded, f"{prefix}.wrong")


@pytest.mark.parametrize("client", ["v1", "v2", "v3", "v3-lp"])
def test_influxdbs_clients_have_a_place_for_it(guarded: LocalRun, client: str) -> None:
    """The quarantine knows whose point it was; with one that nobody has they raise."""
    name = f"tok.{client}"
    write = {"points": [{**POINT, "measurement": name}]}
    assert written(guarded, client, write, token=guarded.environment["TIDEGAUGE_TOKEN"])["sent"]
    guarded.wait_until_stored(name, 1)
    assert [line["client"] for line in quarantined(guarded, name)] == ["local"]
    end = written(guarded, client, write, token=WRONG)
    assert not end["sent"]
    assert guarded.stored(name) == 1


def test_collectd_sends_it_when_it_is_asked(guarded: LocalRun, tmp_path: Path) -> None:
    """As the password of Basic, after a 401 that says so."""
    counted = counted_by_collectd(guarded, tmp_path, guarded.environment["TIDEGAUGE_TOKEN"])
    expected = [sample for sample in counted if sample[0] == "load_shortterm"]
    assert expected
    wait_for(
        lambda: len(stored_rows(guarded, "load_shortterm")) == len(expected), "collectd's samples", seconds=40
    )
    assert all(("host", HOST) in row.dimensions for row in stored_rows(guarded, "load_shortterm"))
