"""The account of one request, and the state that follows from what was found of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ops.quarantined.points import QuarantinedPoint


class State(StrEnum):
    """The end of a request as a whole, or that there is none yet."""

    SETTLED = "settled"
    GIVEN_UP = "given up"
    IN_FLIGHT = "in flight"
    REFUSED = "refused"
    NO_POINTS = "no points"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """A request at the door: when, to what, from whom, and what it was answered. Times are seconds of the epoch.

    `client` is the name that goes with a token, the ARN of who signed, or empty. `takes_points` is false for what
    makes no record, such as a look at the API's health.
    """

    at_s: float
    asked: str
    status: int
    client: str = ""
    source_ip: str = ""
    why: str = ""
    takes_points: bool = True

    @property
    def is_accepted(self) -> bool:
        """True if the client was told that the stream has it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Settlement:
    """The writer's word on a request, each time that it settled it."""

    at_s: float
    received: int
    stored: int
    superseded: int
    quarantined: int
    client: str = ""


@dataclass(frozen=True, slots=True)
class GivenUpBatch:
    """A batch that a function did not get through with, whole in the bucket; `points` of it are the request's."""

    key: str
    function: str
    given_up_at: str
    condition: str
    points: int
    format: str
    client: str
    of_writer: bool


@dataclass(frozen=True, slots=True)
class Resent:
    """Points that were sent again, and the account of the request that they went in, if that was looked up."""

    sent_as: str
    at_s: float
    indexes: tuple[int, ...]
    account: "RequestAccount | None" = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line of the writer about a retry or an error; `request_id` is the one that a retry starts from."""

    at_s: float
    text: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The writer's state while a request is in flight: the age of the records it reads, and its newest trouble."""

    record_age_s: float | None
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class Points:
    """A request's points by where they ended; None where nobody has said so."""

    received: int | None = None
    stored: int | None = None
    superseded: int | None = None
    quarantined: int | None = None
    given_up: int | None = None
    in_flight: int | None = None


@dataclass(frozen=True, slots=True)
class RequestAccount:
    """All that was found of a request at a time (seconds of the epoch), in one region.

    `quiet` is true if the writer logs only what was not stored whole; a request is given up when it is
    `given_up_after_s` seconds old at the latest. `remarks` are what kept something from being found.
    """

    request_id: str
    now_s: float
    given_up_after_s: float
    entry: Entry | None = None
    settlements: Sequence[Settlement] = ()
    quarantined: Sequence[QuarantinedPoint] = ()
    resent: Sequence[Resent] = ()
    given_up: Sequence[GivenUpBatch] = ()
    waiting: Waiting | None = None
    quiet: bool = False
    remarks: Sequence[str] = ()

    @property
    def settlement(self) -> Settlement | None:
        """The settlement that holds: the one that stored the most, of equal ones the first.

        A batch that comes again settles its requests again. What was stored once is stored; the second time it can
        only lose to a later correction, and then counts as superseded.
        """
        return max(self.settlements, key=lambda one: (one.stored, -one.at_s), default=None)

    @property
    def arrived_s(self) -> float | None:
        """The time at which it came in, as far as that is known."""
        if self.entry is not None:
            return self.entry.at_s
        if self.quarantined:
            return self.quarantined[0].arrived_s
        return min((one.at_s for one in self.settlements), default=None)

    @property
    def client(self) -> str:
        """The name of its client by whatever has it; empty if nothing has."""
        named = [
            self.entry.client if self.entry else "",
            *(one.client for one in self.settlements),
            *(one.client for one in self.quarantined),
            *(one.client for one in self.given_up),
        ]
        return next((name for name in named if name not in {"", "-"}), "")

    @property
    def format(self) -> str:
        """The format of its body, which only the quarantine and batches that were given up have."""
        named = [*(one.format for one in self.quarantined), *(one.format for one in self.given_up)]
        return next(filter(None, named), "")

    @property
    def was_read_past(self) -> bool:
        """True if the writer reads what came later, by the age of the records it reads."""
        age_s, arrived_s = self.waiting.record_age_s if self.waiting else None, self.arrived_s
        return age_s is not None and arrived_s is not None and self.now_s - age_s > arrived_s + _MARGIN_S

    @property
    def is_stored_by_silence(self) -> bool:
        """True if the writer has read past it and logs only what is not stored whole."""
        return self.quiet and self.was_read_past and not (self.settlements or self.quarantined)

    @property
    def writer_batches(self) -> list[GivenUpBatch]:
        """The batches with it whose points are missing."""
        return [batch for batch in self.given_up if batch.of_writer]

    @property
    def state(self) -> State:
        """The state that follows from all of it."""
        if self.settlements:
            return self._state_of_resent
        if self.writer_batches:
            return State.GIVEN_UP
        if self.quarantined:
            return State.SETTLED if self.was_read_past or self._is_too_old else State.IN_FLIGHT
        if self.entry is None:
            return State.UNKNOWN
        if not self.entry.is_accepted:
            return State.REFUSED
        if not self.entry.takes_points:
            return State.NO_POINTS
        if self.is_stored_by_silence:
            return State.SETTLED
        return State.MISSING if self._is_too_old else State.IN_FLIGHT

    @property
    def in_flight_since_s(self) -> float | None:
        """The time since which the stream has what is in flight of it: it came in, or was sent again first."""
        if self.settlements:
            return min((one.at_s for one in self._unsettled), default=None)
        return self.arrived_s

    @property
    def _is_too_old(self) -> bool:
        """True if what is in flight of it would have been given up by now, and lie in the bucket."""
        since_s = self.in_flight_since_s
        return since_s is not None and self.now_s - since_s > self.given_up_after_s + _GIVING_UP_S

    @property
    def _unsettled(self) -> list[Resent]:
        """The points that were sent again and of which the writer has not said a word."""
        return [one for one in self.resent if one.account is None or not one.account.settlements]

    @property
    def _state_of_resent(self) -> State:
        """The state of a request that was settled, by what became of its points that were sent again since.

        A quiet writer says nothing of those that are stored whole.
        """
        if any(one.account and one.account.writer_batches for one in self._unsettled):
            return State.GIVEN_UP
        if not self._unsettled or (self.quiet and self._is_too_old):
            return State.SETTLED
        return State.MISSING if self._is_too_old else State.IN_FLIGHT

    @property
    def points(self) -> Points:
        """The points by where they are now, redriven ones by how that ended: received is the sum of the others."""
        held = self.settlement
        if held is None:
            if self.writer_batches:
                points = max(batch.points for batch in self.writer_batches)
                aside = min(points, len(self.quarantined))
                return Points(points, quarantined=aside or None, given_up=points - aside)
            return Points(quarantined=len(self.quarantined) or None)
        found = Points(held.received, held.stored, held.superseded, held.quarantined, 0, 0)
        for one in self.resent:
            found = _moved(found, one)
        return found


# The readings of CloudWatch are of a minute, and come a little later.
_MARGIN_S = 120.0
# Between the age at which a batch is given up and the object in the bucket: a last invocation, and S3.
_GIVING_UP_S = 1800.0


def _moved(points: Points, resent: Resent) -> Points:
    """The points after some that were quarantined were sent again, alone or together with other requests' points.

    In the second case they are told apart only if all were stored. Of a request that lay there whole, as the writer
    failed on it, the points are known only then.
    """
    # A batch that came again may have stored what it had set aside before.
    number = min(len(resent.indexes), points.quarantined or 0)
    ended = resent.account.points if resent.account else Points()
    stored, superseded, again, given_up = (
        value or 0 for value in (ended.stored, ended.superseded, ended.quarantined, ended.given_up)
    )
    if _was_whole(points, resent, ended):
        return replace(
            points,
            received=ended.received,
            stored=stored,
            superseded=superseded,
            quarantined=again,
            given_up=given_up,
        )
    if (ended.received or number) != number:
        all_stored = stored + superseded == ended.received
        stored, superseded, again, given_up = (number if all_stored else 0, 0, 0, 0)
    in_flight = max(0, number - stored - superseded - again - given_up)
    return replace(
        points,
        stored=(points.stored or 0) + stored,
        superseded=(points.superseded or 0) + superseded,
        quarantined=(points.quarantined or 0) - number + again,
        given_up=(points.given_up or 0) + given_up,
        in_flight=(points.in_flight or 0) + in_flight,
    )


def _was_whole(points: Points, resent: Resent, ended: Points) -> bool:
    """True if the one point that was sent again stood for a request of several."""
    stood_alone = points.received == points.quarantined == 1 and resent.indexes == (0,)
    return stood_alone and (ended.received or 0) > 1
