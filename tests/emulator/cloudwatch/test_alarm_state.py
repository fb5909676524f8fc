"""The state of an alarm from its datapoints."""

import pytest

from emulator.cloudwatch.alarm_state import state

POINTS = {"0": False, "X": True, "-": None}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
BEFORE = "the state before"

# The two tables of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html: of five
# datapoints three are judged, of which three, or two, must breach.
THREE_OF_THREE = [
    ("0 - X - X", "OK", "OK", "OK", "OK"),
    ("0 - - - -", "OK", "OK", "OK", "OK"),
    ("- - - - -", "INSUFFICIENT_DATA", BEFORE, "ALARM", "OK"),
    ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("- - X - -", "ALARM", BEFORE, "ALARM", "OK"),
]
TWO_OF_THREE = [
    ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 - X - -", "OK", "OK", "ALARM", "OK"),
    ("- - - - 0", "OK", "OK", "ALARM", "OK"),
    ("- - - X -", "ALARM", BEFORE, "ALARM", "OK"),
]


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize(
    ("to_alarm", "row"), [(3, row) for row in THREE_OF_THREE] + [(2, row) for row in TWO_OF_THREE]
)
def test_missing_datapoints_are_treated_as_aws_documents(
    to_alarm: int, row: tuple[str, ...], treatment: str
) -> None:
    """Every cell of both tables."""
    points, *states = row
    found = state(
        [POINTS[point] for point in points.split()], of=3, to_alarm=to_alarm, missing=treatment, before=BEFORE
    )
    assert found == states[TREATMENTS.index(treatment)]


@pytest.mark.parametrize(
    ("points", "found"), [("0 0 X 0", "OK"), ("X X 0 0", "OK"), ("0 X 0 X", "ALARM"), ("X X 0 X", "ALARM")]
)
def test_with_all_datapoints_the_newest_are_counted(points: str, found: str) -> None:
    """Two of the last three."""
    judged = [POINTS[point] for point in points.split()]
    assert state(judged, of=3, to_alarm=2, missing="missing") == found


def test_a_single_new_breach_is_no_alarm_where_it_takes_two() -> None:
    """With nothing before it, it is not old enough yet, and the state stays."""
    assert state([None, None, None, None, True], of=3, to_alarm=2, missing="missing", before="OK") == "OK"
