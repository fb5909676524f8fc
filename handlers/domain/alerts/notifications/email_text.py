"""The notification for people: its title, and its text, which says what the body says."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from handlers.domain.alerts.rules.ratio import measured_text
from handlers.domain.alerts.rules.rule import number_text

# SNS: ASCII, no control characters, fewer than 100. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SUBJECT_CHARACTERS = 99
# Values may have 2 KB each. Nobody reads that; and a state's input, which holds a page of messages, has its limit.
GROUP_CHARACTERS = 300


def subject(body: Mapping[str, Any]) -> str:
    """The title as SNS takes it."""
    plain = "".join(character if " " <= character <= "~" else "?" for character in title(body))
    return plain if len(plain) <= SUBJECT_CHARACTERS else plain[: SUBJECT_CHARACTERS - 3] + "..."


def title(body: Mapping[str, Any]) -> str:
    """The news in one line: place, severity and state first, as lines that are long are cut at their end."""
    rule_id, place = body["rule"]["rule_id"], f"{body['environment']} {body['region']}"
    return _printable(f"[{place}] {_headline(body)} {rule_id}: {body['metric_name']} {_group(body)}").rstrip()


def email_text(body: Mapping[str, Any]) -> str:
    """The text of an e-mail: the news, why, and where to look. Names that clients chose make no lines of their own."""
    return "\n".join(map(_printable, _lines(body)))


def _lines(body: Mapping[str, Any]) -> Iterator[str]:
    rule = body["rule"]
    if "summary" in body:
        yield from _summary_lines(body)
        return
    if body["annotation"]:
        yield from body["annotation"].splitlines()
        yield ""
    yield f"{_headline(body)} since {_time(body['since'])}"
    measured = measured_text({**rule, "metric_name": body["metric_name"]})
    yield f"{measured}{_of(_group(body))} is {_value(body['value'])}"
    yield (
        f"in the {body['period']['seconds']} s until {_time(body['period']['end'])}; the rule fires when it is "
        f"{rule['operator']} {_bounds(body['threshold'])} in {rule['datapoints']} periods."
    )
    yield ""
    yield f"Why: {body['reason']}."
    if body["late"]:
        yield "Points that came late made the difference."
    if body.get("untold"):
        yield f"Changes of state that could not be sent before this one: {body['untold']}."
    if body["runbook"]:
        yield f"Runbook: {body['runbook']}"
    yield f"Look: {_command(body)}"


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in line)


def _summary_lines(body: Mapping[str, Any]) -> Iterator[str]:
    """The alarms that were held back, some of their groups, and where to look for the rest."""
    summary = body["summary"]
    groups, count = summary["groups"], summary["firing"] or summary["alarms"]
    yield f"{_headline(body)} since {_time(body['since'])}"
    yield f"{body['reason']}."
    yield ""
    if groups:
        yield "They fire:" if summary["firing"] else "They were:"
        yield from (f"  {_text_of(group) or 'all'}" for group in groups)
        if count > len(groups):
            yield "  …"
        yield ""
    if body.get("untold"):
        yield f"Messages like this that could not be sent before this one: {body['untold']}."
    if body["runbook"]:
        yield f"Runbook: {body['runbook']}"
    yield f"Look: {_command(body)}"


def _headline(body: Mapping[str, Any]) -> str:
    states = {"resolved": "RESOLVED", "reminder": f"still {body['state']}"}
    return f"{body['severity'].upper()} {states.get(body['kind'], body['state'])}"


def _group(body: Mapping[str, Any]) -> str:
    if "summary" in body:
        alarms, firing = body["summary"]["alarms"], body["summary"]["firing"]
        return f"{alarms} more alarms, {firing} still fire" if alarms or firing else "all that was held back"
    return _text_of(body["group"])


def _text_of(group: Mapping[str, str | None]) -> str:
    text = " ".join(f"{name}={value}" for name, value in group.items() if value is not None)
    return text if len(text) <= GROUP_CHARACTERS else f"{text[:GROUP_CHARACTERS]}..."


def _of(group: str) -> str:
    return f" of {group}" if group else ""


def _value(value: float | None) -> str:
    return "unknown, as there is no data" if value is None else number_text(value)


def _bounds(threshold: Any) -> str:
    bounds = threshold if isinstance(threshold, list) else [threshold]
    return " to ".join(map(number_text, bounds))


def _time(text: str) -> str:
    return text.replace("T", " ").replace("Z", " UTC")


def _command(body: Mapping[str, Any]) -> str:
    """The command to copy. A host's name may be anything; without one, the command shows all groups of the rule."""
    place = ["--environment", body["environment"], "--region", body["region"]]
    values = [value or "" for value in body["group"].values()]
    words = values if sum(map(len, values)) <= GROUP_CHARACTERS else []
    return shlex.join(["python", "-m", "ops", "alerts", "show", *place, body["rule"]["rule_id"], *words])
