"""From a claimed hour to two finished UNLOADs, over as many invocations as they take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from handlers.domain.deadline import Deadline
from handlers.domain.exports.columns import read_description
from handlers.domain.exports.ledger import Claim
from handlers.domain.exports.statements import Source, describe, extent, unload
from handlers.domain.exports.work import Extent, Unload, Work
from handlers.vocabulary import DATASETS

# https://docs.aws.amazon.com/timestream/latest/developerguide/API_query_Query.html
TOKEN_USES = 5
# Timestream ends an UNLOAD after an hour; what still runs then will never tell.
LONGEST_SECONDS = 65 * 60
# A call blocks for a minute at most while its query runs.
CALL_SECONDS = 70


class UnloadFailed(Exception):  # noqa: N818 -- the word of the state machine, which reads it
    """Timestream did not finish the UNLOAD: there is no manifest, and nothing to publish."""


class LostClaim(Exception):  # noqa: N818 -- the domain's word
    """Somebody else took the hour over, because this execution was silent for too long."""


@dataclass(frozen=True)
class Answer:
    """One page of a query: its rows (perhaps none), and the token of the next page, None when there is none."""

    rows: Sequence[Sequence[str]]
    next_token: str | None


class Queries(Protocol):
    """Asks the store; raises `TransientError`, `ConfigurationError`, or `UnloadFailed` for what a query itself did."""

    def ask(
        self, statement: str, *, client_token: str | None = None, next_token: str | None = None
    ) -> Answer:
        """Starts a query, or asks for the next page of one; with a client token, starting it twice starts it once."""
        ...


def survey(claim: Claim, source: Source, queries: Queries, deadline: Deadline) -> Work:
    """What there is to export of a claimed hour. An hour without points needs no UNLOAD."""
    layout = read_description(_all_rows(describe(source), queries, deadline))
    if not layout.written:
        return _nothing(Work(claim, layout, Extent(0)))
    rows, first, last = _all_rows(extent(source, claim.attempt.hour), queries, deadline)[0]
    found = Work(claim, layout, Extent(int(rows), first, last))
    return found if found.extent.rows else _nothing(found)


def start(work: Work, source: Source, queries: Queries, wait_turn: Callable[[], None]) -> Work:
    """Both UNLOADs started; those that were, by an invocation that died, are not started again."""
    for dataset in DATASETS:
        state = work.unloads[dataset]
        if state.next_token is None and not state.done:
            wait_turn()
            attempt = work.claim.attempt
            statement = unload(source, work.layout, attempt, dataset)
            answer = queries.ask(statement, client_token=attempt.client_token(dataset))
            work = work.having(dataset, _advance(state, answer))
    return work


def follow(work: Work, source: Source, queries: Queries, now: float, deadline: Deadline) -> Work:
    """The work as far as it comes until the deadline; always a little further, so that loops end."""
    if now > work.claim.attempt.started_at + LONGEST_SECONDS:
        raise UnloadFailed("the UNLOAD has not ended in the time Timestream gives it")
    asked = False
    while not work.done and (not asked or deadline.seconds_left() > CALL_SECONDS):
        for dataset in DATASETS:
            state = work.unloads[dataset]
            if state.done or (asked and deadline.seconds_left() < CALL_SECONDS):
                continue
            statement = unload(source, work.layout, work.claim.attempt, dataset)
            work = work.having(dataset, _advance(state, queries.ask(statement, next_token=state.next_token)))
            asked = True
    return work


def _advance(state: Unload, answer: Answer) -> Unload:
    """The result may stand on any page; only a missing token ends the query."""
    if answer.rows:
        rows, manifest = _result(answer.rows[0])
        state = replace(state, rows=rows, manifest=manifest)
    if answer.next_token is None:
        if not state.done:
            raise UnloadFailed("the UNLOAD ended without saying what it wrote")
        return replace(state, next_token=None, uses=0)
    uses = state.uses + 1 if answer.next_token == state.next_token else 1
    if uses >= TOKEN_USES and not state.done:
        raise UnloadFailed(f"a NextToken serves {TOKEN_USES} calls, and Timestream gave no newer one")
    return replace(state, next_token=None if state.done else answer.next_token, uses=uses)


def _result(row: Sequence[str]) -> tuple[int, str]:
    """Rows and manifest of UNLOAD's one row: rows, metadata file, manifest file."""
    try:
        return int(row[0]), row[2]
    except (ValueError, IndexError) as error:
        raise UnloadFailed("the UNLOAD's result is not rows, metadata file and manifest file") from error


def _nothing(work: Work) -> Work:
    for dataset in DATASETS:
        work = work.having(dataset, Unload(rows=0))
    return work


def _all_rows(statement: str, queries: Queries, deadline: Deadline) -> Sequence[Sequence[str]]:
    answer = queries.ask(statement)
    rows = list(answer.rows)
    while answer.next_token is not None:
        if deadline.seconds_left() <= 0:
            raise UnloadFailed("a question about the table took too long")
        answer = queries.ask(statement, next_token=answer.next_token)
        rows += answer.rows
    return rows
