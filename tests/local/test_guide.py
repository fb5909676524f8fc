"""Lines to paste after the start."""

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.guide import guide
from ops.store.athena import AthenaStore
from ops.store.port import Meter, Store
from ops.store.timestream import TimestreamStore

STORES: dict[str, Store] = {
    "timestream": TimestreamStore(None, "metrics_dev", "metrics", Meter()),
    "lake": AthenaStore(None, None, "metrics_lake", "metrics-lake", Meter()),
}


def a_pipeline(region: str, kind: str, token: str = "") -> Any:
    """A pipeline of a region as far as lines name it."""
    url = f"http://127.0.0.1:8080/{region}"
    return SimpleNamespace(
        region=region,
        base_url="http://127.0.0.1:8080",
        ingest_url=url,
        outputs={},
        curl=f"curl -s {url}",
        store=STORES[kind],
        caller=SimpleNamespace(token=token),
    )


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("alerts", [True, False])
def test_every_line_can_be_pasted(alerts: bool, kind: str) -> None:
    """Each is a command or an address that a shell reads; the alert's is there only with the sample rule."""
    pipelines = [a_pipeline("us-east-1", kind), a_pipeline("eu-west-1", kind)]
    lines = list(
        guide(pipelines, endpoint_url="http://127.0.0.1:1", environment_file=Path("x.env"), alerts=alerts)
    )
    shown = dict(lines)
    assert len(shown) == len(lines)
    assert all(shlex.split(line) for line in shown.values())
    assert ("trip an alert" in shown) == alerts
    assert shown["or"].startswith("make query ENV_FILE=x.env SQL=")
    assert shown["ingest eu-west-1"] == pipelines[1].ingest_url
    assert shown["base url eu-west-1"] == pipelines[1].base_url
    store = STORES[kind]
    asked = f"SELECT * FROM {store.points} WHERE {store.since('1h')} AND metric_name = 'hello'"
    assert shlex.split(shown["query"])[-1] == asked
    store.expect_bounded(asked)
    assert shlex.split(shown["or"])[-1].startswith(
        f"SQL=SELECT metric_name, count(*) AS points FROM {store.points} WHERE"
    )


def test_with_a_token_posting_takes_it_from_the_environment_file() -> None:
    """The line itself has none."""
    pipelines = [a_pipeline("us-east-1", "timestream", "tg_x")]
    file = Path("x.env")
    lines = dict(guide(pipelines, endpoint_url="http://127.0.0.1:1", environment_file=file, alerts=True))
    for name in ("post", "trip an alert"):
        assert lines[name].startswith(". ./x.env && curl -s http://127.0.0.1:8080/us-east-1 ")
    assert not [line for line in lines.values() if "tg_x" in line]


def test_the_url_of_remote_write_is_shown_where_there_is_one() -> None:
    """As its port is another at each start."""
    with_it, without = a_pipeline("us-east-1", "timestream"), a_pipeline("eu-west-1", "timestream")
    with_it.outputs["RemoteWriteUrl"] = "http://127.0.0.1:9/api/v1/write"
    lines = guide([with_it, without], endpoint_url="http://x", environment_file=Path("x.env"), alerts=False)
    shown = {name: text for name, text in lines if name.startswith("remote write")}
    assert shown == {"remote write us-east-1": "http://127.0.0.1:9/api/v1/write"}
