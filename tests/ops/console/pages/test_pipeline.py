"""The picture of the pipeline."""

from datetime import UTC, datetime

import pytest

from ops.console.pages.pipeline import BOXES, Box, box_of
from ops.console.readers.figures import AlarmOn, Figures
from tests.support.generated import generated

ALARMS = sorted(
    {
        logical_id.removesuffix("Alarm")
        for stack in generated()
        for logical_id, resource in stack.resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
)


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_makes_a_box_red(name: str) -> None:
    """An alarm of any template belongs to the box that names it, not merely to the first."""
    box = box_of(AlarmOn(name, "", datetime.now(UTC)))
    assert any(name.startswith(prefix) for prefix in box.alarms)


def test_what_could_not_be_stored_is_the_quarantines_matter() -> None:
    """The alarm is the writer's, but its cure is in the quarantine."""
    assert box_of(AlarmOn("MetricWriterQuarantined", "", datetime.now(UTC))).key == "quarantine"
    assert box_of(AlarmOn("MetricWriterSlow", "", datetime.now(UTC))).key == "writer"


@pytest.mark.parametrize("box", BOXES, ids=lambda box: str(box.key))
def test_a_box_can_be_drawn_before_anything_came(box: Box) -> None:
    """A new region has no metric at all."""
    assert {text(Figures(0.0)) for _, text in box.rows} <= {"0", "–"}
