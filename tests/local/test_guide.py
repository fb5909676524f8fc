"""Lines to paste after the start."""

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.guide import guide

OUTPUTS = {"DatabaseName": "metrics_dev", "TableName": "metrics"}


def a_pipeline(region: str) -> Any:
    """A pipeline of a region as far as lines name it."""
    url = f"http://127.0.0.1:8080/{region}"
    deployment = SimpleNamespace(outputs=OUTPUTS)
    return SimpleNamespace(region=region, ingest_url=url, curl=f"curl -s {url}", deployment=deployment)


@pytest.mark.parametrize("alerts", [True, False])
def test_every_line_can_be_pasted(alerts: bool) -> None:
    """Each is a command or an address that a shell reads; the alert's is there only with the sample rule."""
    pipelines = [a_pipeline("us-east-1"), a_pipeline("eu-west-1")]
    lines = list(
        guide(pipelines, endpoint_url="http://127.0.0.1:1", environment_file=Path("x.env"), alerts=alerts)
    )
    shown = dict(lines)
    assert len(shown) == len(lines)
    assert all(shlex.split(line) for line in shown.values())
    assert ("trip an alert" in shown) == alerts
    assert shown["or"].startswith("make query ENV_FILE=x.env SQL=")
    assert shown["ingest eu-west-1"] == pipelines[1].ingest_url
    assert (
        shlex.split(shown["query"])[-1]
        == """SELECT * FROM "metrics_dev"."metrics" WHERE metric_name = 'hello'"""
    )
