"""Expected transitions and notifications, as a test file has them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.transition import Kind
from handlers.vocabulary import AlertState, Severity
from ops.rule_tests.fields import MappingFields
from ops.rule_tests.model import Expectation, Happening
from ops.rule_tests.times import span_s, span_text

_Reader = Callable[[MappingFields, str], Any]
STATES = (AlertState.OK, AlertState.ALARM, AlertState.MISSING)
_KINDS = (Kind.ALARM, Kind.MISSING, Kind.RESOLVED, Kind.REMINDER)


def _one_of(*words: str) -> _Reader:
    return lambda fields, name: fields.choice(name, words)


TRANSITION: Mapping[str, _Reader] = {
    "state": _one_of(*STATES),
    "value": MappingFields.number,
    "late": MappingFields.boolean,
    "reason": MappingFields.text,
}
"""The fields of a transition, beside `at`; the first is required."""
NOTIFICATION: Mapping[str, _Reader] = {
    "kind": _one_of(*_KINDS),
    "state": _one_of(*STATES),
    "value": MappingFields.number,
    "late": MappingFields.boolean,
    "severity": _one_of(*Severity),
    "subject": MappingFields.text,
    "reason": MappingFields.text,
    "annotation": MappingFields.text,
    "runbook": MappingFields.text,
    "untold": MappingFields.number,
    "alarms": MappingFields.number,
    "firing": MappingFields.number,
}
"""The fields of a notification, beside `at`; the first is required."""


def read_expectation(
    fields: MappingFields, rule: Rule, group: Group, start_s: int, ends_s: range
) -> Expectation:
    """The expectation of a group of a rule; `ends_s` are the moments at which evaluation intervals end."""
    if "transitions" not in fields.nodes and "notifications" not in fields.nodes:
        message = "tests nothing: expected transitions or notifications, `transitions: []` for none"
        raise fields.wrong(fields.node, message)

    def happenings(name: str, readers: Mapping[str, _Reader]) -> Sequence[Happening] | None:
        if name not in fields.nodes:
            return None
        nodes = fields.listed(name, name, empty=True)
        found = fields.reading.each(nodes, lambda one: _read(fields, one, name, readers, start_s, ends_s))
        return sorted(found, key=lambda one: one.at_s)

    line = fields.node.start_mark.line + 1
    return Expectation(
        line, rule, group, happenings("transitions", TRANSITION), happenings("notifications", NOTIFICATION)
    )


def _read(
    expect: MappingFields,
    node: yaml.Node,
    name: str,
    readers: Mapping[str, _Reader],
    start_s: int,
    ends_s: range,
) -> Happening:
    fields = expect.reading.mapping(node, name, ("at", *readers))
    at_s = start_s + fields.parsed("at", span_s)
    if at_s > ends_s[-1]:
        raise fields.wrong(
            fields.nodes["at"], f"at: the test ends {span_text(ends_s[-1] - start_s)} after its start"
        )
    if at_s not in ends_s:
        step, first = span_text(ends_s.step), span_text(ends_s[1] - start_s)
        raise fields.wrong(
            fields.nodes["at"], f"at: rules are evaluated each {step}, the first time {first} after the start"
        )
    first_field = next(iter(readers))
    if first_field not in fields.nodes:
        raise fields.wrong(node, f"{first_field}: is missing")
    return Happening(
        at_s, {key: reader(fields, key) for key, reader in readers.items() if key in fields.nodes}
    )
