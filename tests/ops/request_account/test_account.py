"""The state of a request and where its points are, by what was found of it."""

from dataclasses import replace

import pytest

from ops.quarantined.points import QuarantinedPoint
from ops.request_account.account import (
    Entry,
    GivenUpBatch,
    Points,
    RequestAccount,
    Resent,
    Settlement,
    State,
    Waiting,
)

NOW_S = 100_000.0
ENTRY = Entry(NOW_S - 60, "POST /metrics", 202, client="edge")
NOTHING = RequestAccount("r=", NOW_S, 3_600.0)
ACCEPTED = replace(NOTHING, entry=ENTRY)
POINT = QuarantinedPoint("r=", 3, "edge", NOW_S - 60, "value_type", "value", "no number", {}, "json")
BATCH = GivenUpBatch("aws/lambda/m/s/1", "x-MetricWriter-1", "", "", 7, "otlp-pb", "edge", of_writer=True)
OF_ALERTS = replace(BATCH, function="x-WindowAggregator-1", of_writer=False)
FIRST = Settlement(NOW_S - 50, 10, 10, 0, 0)


@pytest.mark.parametrize(
    ("account", "state"),
    [
        (NOTHING, State.UNKNOWN),
        (replace(NOTHING, given_up=(OF_ALERTS,)), State.UNKNOWN),
        (ACCEPTED, State.IN_FLIGHT),
        (replace(ACCEPTED, given_up=(OF_ALERTS,)), State.IN_FLIGHT),
        (replace(ACCEPTED, entry=replace(ENTRY, at_s=NOW_S - 3_600)), State.IN_FLIGHT),
        (replace(ACCEPTED, entry=replace(ENTRY, at_s=NOW_S - 5_500)), State.MISSING),
        (replace(ACCEPTED, given_up=(BATCH,)), State.GIVEN_UP),
        (replace(ACCEPTED, given_up=(BATCH,), settlements=(FIRST,)), State.SETTLED),
        (replace(ACCEPTED, quarantined=(POINT,)), State.IN_FLIGHT),
        (replace(NOTHING, quarantined=(POINT,)), State.IN_FLIGHT),
        (replace(ACCEPTED, quarantined=(POINT,), given_up=(BATCH,)), State.GIVEN_UP),
        (replace(ACCEPTED, quarantined=(POINT,), settlements=(FIRST,)), State.SETTLED),
        (replace(NOTHING, settlements=(FIRST,)), State.SETTLED),
        (replace(NOTHING, entry=replace(ENTRY, status=400)), State.REFUSED),
        (replace(NOTHING, entry=replace(ENTRY, status=503)), State.REFUSED),
        (replace(NOTHING, entry=replace(ENTRY, status=503), settlements=(FIRST,)), State.SETTLED),
        (replace(NOTHING, entry=replace(ENTRY, status=200, takes_points=False)), State.NO_POINTS),
    ],
)
def test_a_state_follows_from_what_was_found(account: RequestAccount, state: State) -> None:
    """Whoever was told 503 may still have a record on the stream; a batch of alerts' says nothing of points."""
    assert account.state is state


@pytest.mark.parametrize(
    ("age_s", "at_s", "quiet", "state"),
    [
        (5.0, NOW_S - 600, True, State.SETTLED),
        (5.0, NOW_S - 600, False, State.IN_FLIGHT),
        (500.0, NOW_S - 600, True, State.IN_FLIGHT),
        (None, NOW_S - 600, True, State.IN_FLIGHT),
        (5.0, NOW_S - 60, True, State.IN_FLIGHT),
    ],
)
def test_silence_means_stored_only_where_it_is_the_rule(
    age_s: float | None, at_s: float, quiet: bool, state: State
) -> None:
    """A quiet writer that reads what came much later has stored it whole, or there would be a line."""
    waiting = Waiting(age_s, None)
    account = replace(ACCEPTED, entry=replace(ENTRY, at_s=at_s), quiet=quiet, waiting=waiting)
    assert account.state is state
    assert account.points == Points()


@pytest.mark.parametrize(
    ("arrived_s", "age_s", "state"),
    [
        (NOW_S - 600, 5.0, State.SETTLED),
        (NOW_S - 600, 590.0, State.IN_FLIGHT),
        (NOW_S - 600, None, State.IN_FLIGHT),
        (NOW_S - 6_000, None, State.SETTLED),
    ],
)
def test_what_was_set_aside_is_settled_with_the_writers_line_or_when_none_can_come(
    arrived_s: float, age_s: float | None, state: State
) -> None:
    """The line is written after the quarantine, and may be forgotten before it."""
    account = replace(
        NOTHING, quarantined=(replace(POINT, arrived_s=arrived_s),), waiting=Waiting(age_s, None)
    )
    assert account.state is state


@pytest.mark.parametrize(
    ("settlements", "held"),
    [
        ([FIRST, Settlement(NOW_S, 10, 0, 10, 0)], FIRST),
        ([Settlement(1, 10, 8, 0, 2), Settlement(2, 10, 10, 0, 0)], Settlement(2, 10, 10, 0, 0)),
        ([FIRST, replace(FIRST, at_s=NOW_S)], FIRST),
    ],
)
def test_of_a_batch_that_came_again_the_settlement_that_stored_most_holds(
    settlements: list[Settlement], held: Settlement
) -> None:
    """What was stored once is stored: later it can only lose to a correction, or be let in by a new limit."""
    account = replace(ACCEPTED, settlements=tuple(settlements))
    assert account.settlement == held
    points = account.points
    assert points.received == (points.stored or 0) + (points.superseded or 0) + (points.quarantined or 0)


def resent(
    sent_as: str, indexes: tuple[int, ...], settled: tuple[int, int, int, int] | None = None
) -> Resent:
    """Points that were sent again, and the counts of the request that they went in."""
    settlements = (Settlement(NOW_S, *settled),) if settled else ()
    return Resent(sent_as, NOW_S - 9, indexes, RequestAccount(sent_as, NOW_S, 60, settlements=settlements))


@pytest.mark.parametrize(
    ("redriven", "points"),
    [
        ((), Points(10, 7, 0, 3, 0, 0)),
        ((resent("a", (1, 2), (2, 2, 0, 0)),), Points(10, 9, 0, 1, 0, 0)),
        ((resent("a", (1, 2), (2, 1, 1, 0)),), Points(10, 8, 1, 1, 0, 0)),
        ((resent("a", (1, 2), (2, 1, 0, 1)),), Points(10, 8, 0, 2, 0, 0)),
        ((resent("a", (1, 2)),), Points(10, 7, 0, 1, 0, 2)),
        ((resent("a", (1,), (1, 1, 0, 0)), resent("b", (2, 3), (2, 0, 2, 0))), Points(10, 8, 2, 0, 0, 0)),
        ((resent("a", (1, 2), (9, 8, 1, 0)),), Points(10, 9, 0, 1, 0, 0)),
        ((resent("a", (1, 2), (9, 8, 0, 1)),), Points(10, 7, 0, 1, 0, 2)),
        ((Resent("a", 1, (1,)),), Points(10, 7, 0, 2, 0, 1)),
    ],
)
def test_points_that_were_sent_again_are_where_they_ended_then(
    redriven: tuple[Resent, ...], points: Points
) -> None:
    """Received is the sum of the others, whatever became of them; what is not told apart counts as in flight."""
    account = replace(ACCEPTED, settlements=(Settlement(NOW_S - 50, 10, 7, 0, 3),), resent=redriven)
    assert account.points == points


@pytest.mark.parametrize(
    ("redriven", "quiet", "state"),
    [
        ((resent("a", (1, 2), (2, 1, 0, 1)),), False, State.SETTLED),
        ((resent("a", (1,), (1, 1, 0, 0)), resent("b", (2,))), False, State.IN_FLIGHT),
        ((Resent("a", NOW_S - 1_800, (1,)),), False, State.IN_FLIGHT),
        ((Resent("a", NOW_S - 6_000, (1,)),), False, State.MISSING),
        ((Resent("a", NOW_S - 1_800, (1,)),), True, State.IN_FLIGHT),
        ((Resent("a", NOW_S - 6_000, (1,)),), True, State.SETTLED),
        ((Resent("a", NOW_S - 9, (1,), replace(NOTHING, given_up=(BATCH,))),), False, State.GIVEN_UP),
    ],
)
def test_a_request_is_settled_when_what_was_sent_again_of_it_is(
    redriven: tuple[Resent, ...], *, quiet: bool, state: State
) -> None:
    """Whoever waits for it finds every point where it ended."""
    account = replace(
        ACCEPTED, settlements=(Settlement(NOW_S - 50, 10, 7, 0, 3),), resent=redriven, quiet=quiet
    )
    assert account.state is state


@pytest.mark.parametrize(
    ("redriven", "points"),
    [
        ((resent("a", (0,), (5, 5, 0, 0)),), Points(5, 5, 0, 0, 0, 0)),
        ((resent("a", (0,), (5, 3, 1, 1)),), Points(5, 3, 1, 1, 0, 0)),
        ((resent("a", (0,), (5, 3, 1, 1)), resent("b", (4,), (1, 1, 0, 0))), Points(5, 4, 1, 0, 0, 0)),
        ((resent("a", (0,), (1, 0, 0, 1)), resent("b", (0,), (5, 5, 0, 0))), Points(5, 5, 0, 0, 0, 0)),
        ((resent("a", (0,)),), Points(1, 0, 0, 0, 0, 1)),
    ],
)
def test_a_request_that_was_set_aside_whole_has_the_points_that_were_found_when_it_was_sent_again(
    redriven: tuple[Resent, ...], points: Points
) -> None:
    """It counted as one, as nobody could read it; none of them is in flight any more."""
    account = replace(ACCEPTED, settlements=(Settlement(NOW_S - 50, 1, 0, 0, 1),), resent=redriven)
    assert account.points == points


def test_what_was_stored_when_its_batch_came_again_is_not_moved_by_a_redrive() -> None:
    """No number is ever below none, and received is the sum of the others."""
    first, again = Settlement(NOW_S - 50, 1, 0, 0, 1), Settlement(NOW_S - 40, 1, 1, 0, 0)
    account = replace(ACCEPTED, settlements=(first, again), resent=(resent("a", (0,), (1, 1, 0, 0)),))
    assert account.points == Points(1, 1, 0, 0, 0, 0)


def test_what_was_set_aside_of_a_request_that_was_given_up_is_counted_once() -> None:
    """The writer ended between the quarantine and its line: the sum is what was received."""
    account = replace(ACCEPTED, given_up=(BATCH,), quarantined=(POINT,))
    assert account.points == Points(7, quarantined=1, given_up=6)


def test_what_was_given_up_is_counted_once_however_many_batches_hold_it() -> None:
    """A batch that was cut may lie there whole and in parts."""
    account = replace(ACCEPTED, given_up=(BATCH, replace(BATCH, key="2"), replace(OF_ALERTS, points=9)))
    assert account.points == Points(7, given_up=7)


def test_who_sent_it_and_what_is_told_by_whatever_has_it() -> None:
    """The access log first, then the lines of the writer and of the quarantine; a dash is nobody."""
    assert (ACCEPTED.client, ACCEPTED.format) == ("edge", "")
    settled = replace(NOTHING, settlements=(replace(FIRST, client="vmagent"),))
    assert settled.client == "vmagent"
    assert replace(NOTHING, quarantined=(replace(POINT, client="-"),), given_up=(BATCH,)).client == "edge"
    assert (replace(NOTHING, quarantined=(POINT,)).format, NOTHING.client) == ("json", "")
