"""One reading of the running pipeline, as the views show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ops.quarantined.given_up import GivenUp


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that fires, in its own words; what clients wrote has no control characters."""

    rule_id: str
    group: str
    severity: str
    since: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One region at one moment. The rate is in points per second, the delay None while not known.

    `reasons` counts what is in quarantine; `alarms` are CloudWatch's in ALARM; `undelivered` has a line for each
    subscriber in trouble; `last_error` is the newest of all, `last_error_age_s` seconds old.
    """

    region: str
    accepted: int
    stored: int
    superseded: int
    quarantined: int
    given_up: GivenUp
    rate: float
    delay_s: float | None
    reasons: Mapping[str, int] = field(default_factory=dict)
    rules: int = 0
    alerts: Sequence[OpenAlert] = ()
    alarms: Sequence[str] = ()
    undelivered: Sequence[str] = ()
    last_error: str = ""
    last_error_age_s: float = 0.0


Lines = Sequence[tuple[str, str]]
"""Lines to paste, each after its label."""


def delay_text(delay_s: float | None) -> str:
    """A delay for people: tenths of a second, or a dash."""
    return "–" if delay_s is None else f"{delay_s:.1f} s"


def trouble_lines(reading: Reading) -> list[tuple[str, str]]:
    """Lines about a region, each with its style: what was set aside and why, what fires, what went wrong."""
    lines: list[tuple[str, str]] = []
    if reading.quarantined:
        reasons = sorted(reading.reasons.items(), key=lambda item: -item[1])
        shown = ", ".join(f"{count:,} {reason}" for reason, count in reasons[:3])
        more = ", …" if len(reasons) > 3 else ""
        lines.append(("yellow", f"{reading.quarantined:,} quarantined → python -m ops quarantine list"))
        if shown:
            lines.append(("yellow", f"  {shown}{more}"))
    for number, line in enumerate(reading.given_up.lines()):
        again = " → python -m ops quarantine redrive --batches --dry-run"
        lines.append(("red", line + (again if reading.given_up.objects and not number else "")))
    lines += [("red", f"not told: {line}") for line in reading.undelivered]
    lines += [("red", f"alarm: {name}") for name in reading.alarms]
    alerts = f"{len(reading.alerts)} alert{'' if len(reading.alerts) == 1 else 's'}"
    rules = f"{reading.rules} rule{'' if reading.rules == 1 else 's'}"
    firing = " → python -m ops alerts list" if reading.alerts else ""
    lines.append(("", f"{rules} · {alerts}{firing}"))
    for alert in reading.alerts:
        lines.append(
            (
                "red",
                f"  {alert.severity.upper()} {alert.rule_id} ({alert.group}) since {alert.since}: {alert.text}",
            )
        )
    return lines


def error_line(reading: Reading) -> str:
    """The newest error and its age, or that there was none."""
    if not reading.last_error:
        return "last error: none"
    age_s = int(reading.last_error_age_s)
    return f"last error ({age_s // 60}:{age_s % 60:02d} ago): {reading.last_error}"


class View(Protocol):
    """Shows a person what happens."""

    def step(self, text: str) -> None:
        """Say what is being done."""

    def guide(self, lines: Lines) -> None:
        """Show what can be done next."""

    def show(self, readings: Sequence[Reading], elapsed_s: float) -> None:
        """Show the newest readings, `elapsed_s` seconds after the start."""

    def close(self) -> None:
        """Give the terminal back."""
