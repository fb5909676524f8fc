"""Alerts: what fires and why, drawn against its threshold, how it came about, the messages, and the rules."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from ops.console import charts, local_actions
from ops.console.pages.frame import Page
from ops.console.pages.parts import as_rows, heading, main, number_text, table
from ops.console.readers.alerts import (
    Period,
    ShownAlert,
    bounds_of,
    condition_text,
    read_alerts,
    read_rules,
    recovery_of,
)
from ops.output import moment

_REFRESH_S = 3.0
_SAMPLE = "demo-hot"
_COLOURS = {"breaching": "#ef4444", "between": "#f59e0b", "recovered": "#10b981", "missing": "#8b95a5"}
_STATES = {"ALARM": "bad", "MISSING": "bad", "PENDING": "late", "OK": "good"}


class _Alerts:
    """The page's parts, and the alert that is shown whole."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._every = False
        self._picked: tuple[str, str] | None = None
        self._alerts: Sequence[ShownAlert] = ()
        self._drawn: ShownAlert | None = None
        self._in_force: Sequence[Mapping[str, Any]] = ()
        with main():
            with ui.element("section").classes("card"):
                heading("Alerts")
                with ui.element("div").classes("buttons"):
                    ui.switch("Also those that are over", on_change=self._switch)
                    if page.is_local:
                        page.press(
                            ui.button("Trip the sample alert", icon="local_fire_department").props(
                                "unelevated no-caps dense"
                            ),
                            self._trip,
                        )
                    self._said = ui.label().classes("note").props('role="status"')
                self._list = table(
                    ("rule", "group", "state", "since (UTC)", "value", "muted by", "says"),
                    (),
                    on_pick=self._pick,
                    numbers=(4,),
                    empty="Nothing fires.",
                )
            self._detail = ui.element("section").classes("card")
            self._detail.set_visibility(False)
            with ui.element("section").classes("card"):
                heading("Rules in force")
                ui.label("A click on one back-tests it.").classes("note")
                self._rules = table(
                    ("rule", "severity", "fires when", "is over when", "missing data"),
                    (),
                    on_pick=self._try,
                    empty="No rule is in force.",
                )

    async def refresh(self) -> None:
        """Read the alerts and the rules again."""
        place = self._page.place
        self._alerts = await asyncio.to_thread(read_alerts, place, every=self._every)
        self._in_force = await asyncio.to_thread(read_rules, place)
        self._list.rows = as_rows([_row(alert) for alert in self._alerts])
        self._rules.rows = as_rows([_rule_row(rule) for rule in self._in_force])
        if self._picked is None and self._alerts:
            self._picked = (self._alerts[0].rule_id, self._alerts[0].group)
        self._draw()

    def _pick(self, number: int) -> None:
        if 0 <= number < len(self._alerts):
            self._picked = (self._alerts[number].rule_id, self._alerts[number].group)
            self._draw()

    def _try(self, number: int) -> None:
        if 0 <= number < len(self._in_force):
            ui.navigate.to(self._page.link("/backtest", rule=str(self._in_force[number]["rule_id"])))

    async def _switch(self, event: Any) -> None:
        self._every = bool(event.value)
        await self._page.attempt(self.refresh)

    async def _trip(self) -> None:
        body = local_actions.example("Trip the sample alert")
        reply = await asyncio.to_thread(local_actions.post, self._page.place, body)
        soon = f"Sent: {_SAMPLE} fires within a minute and a half, and resolves by itself."
        self._said.set_text(soon if reply.accepted else str(reply))

    def _draw(self) -> None:
        alert = next((alert for alert in self._alerts if (alert.rule_id, alert.group) == self._picked), None)
        self._detail.set_visibility(alert is not None)
        if alert is None or alert == self._drawn:
            return
        self._drawn = alert
        self._detail.clear()
        with self._detail:
            _whole(alert)


def build(page: Page) -> None:
    """Draw the page."""
    page.every(_REFRESH_S, _Alerts(page).refresh)


def _whole(alert: ShownAlert) -> None:
    with ui.element("div").classes("buttons"):
        ui.label(f"{alert.rule_id}  {alert.group}").classes("strong")
        ui.label(alert.state).classes(f"badge {_STATES.get(alert.state, '')}")
        ui.label(f"since {moment(alert.since_s)} UTC" if alert.since_s else "").classes("note")
        if alert.held:
            ui.label(f"held back: {alert.held}").classes("note")
    if alert.rule:
        ui.label(f"Fires when {condition_text(alert.rule)}; {_recovery(alert.rule)}.").classes("note")
    periods = _all_periods(alert)
    if periods:
        drawn = [
            (period.start_s * 1000, period.value, _COLOURS.get(period.verdict, "")) for period in periods
        ]
        ui.echart(
            charts.verdict_chart(
                drawn, alert.rule.get("period", 60), bounds_of(alert.rule), recovery_of(alert.rule)
            )
        ).classes("small-chart")
        with ui.element("div").classes("buttons note"):
            for verdict, colour in _COLOURS.items():
                with ui.element("span"):
                    ui.element("span").classes("key").style(f"background:{colour}")
                    ui.label(verdict).style("display:inline")
        table(
            ("period (UTC)", "verdict", "value", "points", "late"),
            [
                (
                    moment(one.start_s),
                    one.verdict,
                    number_text(one.value),
                    one.points,
                    "late" if one.late else "",
                )
                for one in reversed(periods)
            ],
            numbers=(2, 3),
        )
    if alert.history:
        heading("History")
        table(
            ("at (UTC)", "from", "to", "kind", "reason"),
            [
                (
                    moment(one.at_s),
                    one.before,
                    one.after,
                    one.kind + (", by late points" if one.late else ""),
                    one.reason,
                )
                for one in alert.history
            ],
        )
    if alert.messages:
        heading("Messages")
        for message in alert.messages:
            sent = f"sent {moment(message.sent_at_s)} UTC" if message.sent_at_s else "not sent yet"
            with ui.expansion(f"{message.subject} · {sent}").props("dense"):
                ui.label(_indented(message.body)).classes("mono pre")


def _all_periods(alert: ShownAlert) -> list[Period]:
    """The periods that the state and its history rest on, each once, the oldest first; newer readings count."""
    found: dict[int, Period] = {}
    for periods in (*(change.periods for change in reversed(alert.history)), alert.periods):
        found |= {period.start_s: period for period in periods}
    return [found[start_s] for start_s in sorted(found)]


def _row(alert: ShownAlert) -> tuple[Any, ...]:
    newest = alert.messages[-1].body if alert.messages else "{}"
    try:
        says = json.loads(newest).get("annotation", "")
    except ValueError:
        says = ""
    since = moment(alert.since_s) if alert.since_s else ""
    return (alert.rule_id, alert.group, alert.state, since, number_text(alert.value), alert.held, says)


def _rule_row(rule: Any) -> tuple[Any, ...]:
    return (rule["rule_id"], rule["severity"], condition_text(rule), _recovery(rule), rule["missing_data"])


def _recovery(rule: Any) -> str:
    bounds = " to ".join(f"{bound:g}" for bound in recovery_of(rule))
    return f"is over when {rule['recovery']['datapoints']} in a row are not {rule['operator']} {bounds}"


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
