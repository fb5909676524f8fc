"""The recipes of docs/local.md, pasted as they stand."""

import json
import re

import pytest

from tests.support.local_run import ROOT, LocalRun

pytestmark = pytest.mark.pipeline


def recipe(title: str) -> str:
    """The commands of a section."""
    text = (ROOT / "docs" / "local.md").read_text()
    found = re.search(rf"^## {title}\n.*?^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_alerts_are_read_from_a_queue_of_ones_own(running: LocalRun) -> None:
    """What is published to the topic between subscribing and receiving is what the last command prints."""
    commands = recipe("Read your alerts here").splitlines()
    body = json.dumps({"kind": "alarm"})
    topic = running.environment["TIDEGAUGE_ALERT_TOPIC_ARN"]
    publish = f".venv/bin/aws sns publish --topic-arn {topic} --message '{body}' >/dev/null"
    shown = running.shell("\n".join([*commands[:-1], publish, commands[-1]]))
    assert shown.splitlines()[-1] == body
