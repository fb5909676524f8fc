"""The outbox: whatever dies or refuses, messages keep their order, the last is the truth, and each change counts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.notifications.outbox import CLAIM_SECONDS, Entry, Outbox
from tests.support.deliveries import KINDS, Execution, World, evaluated, until_sent

NOW = 1_000_000
EXPRESS_SECONDS = 300


def made(script: str) -> Outbox:
    """The outbox after this script while SNS takes nothing."""
    update = evaluated(script, None, len(script))
    return update.outbox(None, NOW)


def told(outbox: Outbox) -> tuple[str, int] | None:
    """The kind of what is on its way, and for how many others it stands; None for nothing."""
    if not outbox.entries:
        return None
    [entry] = outbox.entries
    return entry.notification.body["kind"], entry.notification.body["untold"]


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("A", ("alarm", 0)),
        ("Ar", ("alarm", 0)),
        ("Arrr", ("alarm", 0)),
        ("AR", ("resolved", 1)),
        ("ARA", ("alarm", 2)),
        ("AMrA", ("alarm", 2)),
        ("As", None),
        ("AMs", None),
        ("AsA", ("alarm", 0)),
        ("ARs", ("resolved", 1)),
    ],
)
def test_of_what_is_unsent_the_last_change_is_left(script: str, left: tuple[str, int] | None) -> None:
    """The one left counts the others; a reminder of what was never told is none, a silent end takes all back."""
    assert told(made(script)) == left


def test_a_reminder_that_nobody_sent_is_replaced_by_the_next() -> None:
    """Three hours without SNS end in one reminder, the last, or in what follows it; no reminder is counted."""
    outbox = made("A")
    sent = replace(outbox, entries=(replace(outbox.entries[0], claimed_at_s=1, confirmed_at_s=1),))
    *reminders, resolved = evaluated("ArrrR", None, 5).notifications[1:]
    found = sent
    for reminder in reminders:
        found = found.after([reminder], is_firing=True, now_s=NOW)
    assert found.entries == (Entry(reminders[-1]),)
    assert told(found.after([resolved], is_firing=False, now_s=NOW)) == ("resolved", 0)


def test_while_one_is_on_its_way_the_last_change_waits_and_a_reminder_is_none() -> None:
    """Only one waits: the newest change, which counts those that waited before it."""
    claimed = made("A")
    claimed = replace(claimed, entries=(replace(claimed.entries[0], claimed_at_s=NOW - 1),))
    _, reminder, missing, resolved = evaluated("ArMR", None, 4).notifications
    assert claimed.after([reminder], is_firing=True, now_s=NOW) == claimed
    first = claimed.after([missing], is_firing=True, now_s=NOW)
    second = first.after([resolved], is_firing=False, now_s=NOW)
    assert (first.entries, second.entries) == (claimed.entries, claimed.entries)
    assert first.waiting == missing
    assert second.waiting is not None
    assert (second.waiting.body["kind"], second.waiting.body["untold"]) == ("resolved", 1)


def test_an_entry_is_due_until_it_is_claimed_and_again_when_its_execution_must_be_dead() -> None:
    """While the first execution may still be at work, a second one gets nothing."""
    outbox = made("A")
    [entry] = outbox.entries
    assert outbox.due(is_firing=True, now_s=NOW) == entry
    claimed = replace(outbox, entries=(replace(entry, claimed_at_s=NOW),))
    for seconds in (0, EXPRESS_SECONDS, CLAIM_SECONDS):
        assert claimed.due(is_firing=True, now_s=NOW + seconds) is None
    assert claimed.due(is_firing=True, now_s=NOW + CLAIM_SECONDS + 1) == claimed.entries[0]
    confirmed = replace(outbox, entries=(replace(entry, claimed_at_s=NOW, confirmed_at_s=NOW),))
    assert confirmed.due(is_firing=True, now_s=10 * NOW) is None


def test_what_is_not_true_any_more_is_not_due() -> None:
    """A notification given back behind an evaluation's back waits: the next one puts what is true in its place."""
    outbox = made("A")
    assert outbox.due(is_firing=False, now_s=NOW) is None
    behind = replace(outbox, waiting=evaluated("AR", None, 2).notifications[1])
    assert behind.due(is_firing=False, now_s=NOW) is None


def check(world: World, *, path: Any = None) -> None:
    """The messages after the trouble: the truth last, in order, and each change told once, or counted by another."""
    until_sent(world)
    stored = world.load()
    assert stored is not None
    where = (world.script, path, [(body["sequence"], body["kind"], body["untold"]) for body in world.told])
    sequences = [body["sequence"] for body in world.told]
    assert sequences == sorted(sequences), where
    messages = {body["dedupe_id"]: body for body in world.told}
    assert all(body == messages[body["dedupe_id"]] for body in world.told), where
    changes = [body for body in messages.values() if body["kind"] != "reminder"]
    # What SNS took, and nobody could confirm it, is told, and counted as if it were not.
    unknown = sum(body["untold"] + 1 for body in changes if body["dedupe_id"] not in world.confirmed)
    made_changes = sum(letter in "AMR" for letter in world.script)
    counted = sum(body["untold"] + 1 for body in changes)
    assert counted <= made_changes + unknown, where
    if "s" not in world.script:
        assert counted >= made_changes, where
        assert not changes or changes[-1]["state"] == stored.alert.state, where
    if stored.alert.state.is_firing:
        assert world.told[-1]["state"] == stored.alert.state, where


def explored(world: World, executions: tuple[Execution, ...], deaths: int) -> Iterator[tuple[World, Any]]:
    """The ends of all orders of the executions' steps, with each thing that may happen at each step."""
    seen: set[Any] = set()
    waiting: list[tuple[World, tuple[Execution, ...], int, tuple[Any, ...]]] = [
        (world, executions, deaths, ())
    ]
    while waiting:
        world, executions, deaths, path = waiting.pop()
        key = (_frozen(world), executions_key(executions), deaths)
        if key in seen:
            continue
        seen.add(key)
        if not any(execution.choices() for execution in executions):
            yield world, path
        for number, execution in enumerate(executions):
            for choice in execution.choices():
                if choice == "die" and not deaths:
                    continue
                after = world.copy()
                moved = execution.after(after, choice)
                others = (*executions[:number], moved, *executions[number + 1 :])
                left = deaths - (choice == "die")
                waiting.append((after, others, left, (*path, (execution.name, execution.step, choice))))


def executions_key(executions: tuple[Execution, ...]) -> Any:
    """Executions as something that can be looked up."""
    return tuple(
        (
            item.step,
            item.upto,
            item.known and (item.known.version, _outbox_key(item.known.outbox)),
            item.notification and item.notification["entry"],
        )
        for item in executions
    )


def _outbox_key(outbox: Outbox) -> Any:
    waiting = outbox.waiting and outbox.waiting.message
    return tuple(
        (item.notification.message, item.claimed_at_s, item.confirmed_at_s) for item in outbox.entries
    ), waiting


def _frozen(world: World) -> Any:
    return repr(world.dynamodb.items), json.dumps(world.told), world.confirmed


@pytest.mark.parametrize("script", ["AR", "As", "AM", "Ar", "ARA", "AsA"])
def test_two_executions_in_every_order_of_their_steps_with_every_failure(script: str) -> None:
    """Each evaluates up to its own interval; one may die anywhere; every call may be refused or go unanswered."""
    ends = 0
    for first in range(1, len(script) + 1):
        runs = (Execution("one", first), Execution("two", len(script)))
        for world, path in explored(World(script), runs, 1):
            check(world, path=path)
            if not any(
                choice in ("lost", "die") or (step, choice) == ("confirm", "refused")
                for _, step, choice in path
            ):
                assert len(world.told) == len({body["dedupe_id"] for body in world.told}), path
            ends += 1
    assert ends > 20


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_number_of_executions_with_any_failures_at_any_time(data: st.DataObject) -> None:
    """Minutes pass, executions overlap and die, SNS and the table refuse: what holds for two holds for all."""
    script = "".join(_letters(data.draw(st.lists(st.sampled_from("AMRrs."), min_size=1, max_size=8))))
    world = World(script)
    running: list[Execution] = []
    for number in range(1, len(script) + 1):
        running.append(Execution(f"run-{number}", number))
        for _ in range(data.draw(st.integers(0, 12))):
            alive = [item for item in running if item.choices()]
            if not alive:
                break
            execution = data.draw(st.sampled_from(alive))
            choice = data.draw(st.sampled_from(execution.choices()))
            running[running.index(execution)] = execution.after(world, choice)
        if data.draw(st.booleans()):
            # Nothing that claimed by now lives any more.
            world.now_s += CLAIM_SECONDS + 1
            running = []
        else:
            world.now_s += 1
    if world.load() is not None:
        check(world)


def _letters(wanted: list[str]) -> Iterator[str]:
    """The letters that the protocol can come to in this order: only what fires is resolved or reminds."""
    firing = ""
    for letter in wanted:
        if letter in "Rrs" and not firing:
            continue
        if letter == firing:
            continue
        if letter in "AM":
            firing = letter
        elif letter in "Rs":
            firing = ""
        yield letter


def test_the_letters_are_the_kinds() -> None:
    """The scripts of these tests have a letter for each kind of transition."""
    kinds: Mapping[str, Any] = KINDS
    assert {kind for kind, _ in kinds.values() if kind} == {
        "alarm",
        "missing",
        "resolved",
        "reminder",
        "silent",
    }
