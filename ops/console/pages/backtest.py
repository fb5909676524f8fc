"""Back-test: a rule to try over points of the past, beside the one in force: what fires, and a picture of a group."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from handlers.domain.alerts.rules.reading import rule_document
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from ops.console import charts
from ops.console.pages.frame import Page
from ops.console.pages.parts import heading, main, number_text, table
from ops.console.readers.alerts import bounds_of, condition_text, recovery_of
from ops.console.readers.backtest import (
    IN_FORCE,
    ShownBackTest,
    Side,
    groups_of,
    offered_rules,
    rule_text,
    run_backtest,
)
from ops.rule_backtest.comparison import FEWER, MORE
from ops.rule_backtest.options import ALERTS
from ops.rule_backtest.reading import hours_text
from ops.rule_backtest.report import COLUMNS, in_order, rows_of, summary

_SPANS = {"1h": "hour", "6h": "6 hours", "24h": "day", "3d": "3 days", "7d": "week"}
_ROWS_MOST = 500
_NEW = "a new rule"
_EXAMPLE = """\
rules:
  - rule_id: cpu-hot
    metric_name: cpu.user
    by: [host]
    statistic: avg
    operator: ">"
    threshold: 90
    datapoints: 3 of 5
"""


class _BackTest:
    """The page's parts, and the back-test that is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._offered: Mapping[str, Rule] = {}
        self._said, self._drawn = "", ""
        with main():
            with ui.element("section").classes("card"):
                heading("Back-test")
                with ui.element("div").classes("controls"):
                    self._rule = ui.select([], label="Begin with").props("dense outlined options-dense")
                    self._rule.on_value_change(self._chosen)
                    spans = {begin: f"Last {text}" for begin, text in _SPANS.items()}
                    self._begin = ui.select(spans, value="24h", label="Over").props(
                        "dense outlined options-dense"
                    )
                    self._button = ui.button("Back-test", on_click=lambda: page.attempt(self._run, of="run"))
                    self._button.props("unelevated no-caps dense")
                    self._note = ui.label().classes("note").props('role="status"')
                self._text = ui.textarea(value=_EXAMPLE)
                self._text.props('outlined autogrow spellcheck=false aria-label="Rule to try"').classes(
                    "mono"
                )
                ui.label(
                    "The rule as it stands here is tried, beside the one of its id that is in force. Nothing is "
                    "applied; each point is judged as if it had come in time, and silences are left out."
                ).classes("note")
            self._result = ui.element("section").classes("card")
            self._result.set_visibility(False)
        # What a thread of the back-test says is shown from here.
        ui.timer(0.3, self._say)

    async def begin(self) -> None:
        """Offer the rules in force and those of files, and show the one that the address names."""
        self._offered = await asyncio.to_thread(offered_rules, self._page.place)
        wanted = self._page.parameters.get("rule", "")
        names = [*self._offered, _NEW]
        named = f"{IN_FORCE} {wanted}"
        self._rule.set_options(names, value=named if named in self._offered else names[0])

    def _chosen(self) -> None:
        rule = self._offered.get(self._rule.value)
        self._text.set_value(_EXAMPLE if rule is None else rule_text(rule))

    async def _run(self) -> None:
        self._button.disable()
        self._said = "Asking …"
        try:
            shown = await asyncio.to_thread(
                run_backtest, self._page.place, self._text.value, self._begin.value, self._hear
            )
        finally:
            self._button.enable()
            self._said = ""
        self._draw(shown)

    def _hear(self, text: str) -> None:
        self._said = text

    def _say(self) -> None:
        if self._said != self._drawn:
            self._drawn = self._said
            self._note.set_text(self._said)

    def _draw(self, shown: ShownBackTest) -> None:
        told, span, read = shown.told, shown.found.span, shown.found.read
        rule, other = told.trial.rule, told.trial.against
        self._result.clear()
        self._result.set_visibility(True)
        with self._result:
            if read.unread:
                ui.label(f"Not read, and judged by nobody: {hours_text(read.unread)}").classes("bad")
            heading(f"{rule.rule_id}: {summary(told.tried, told.messages, span)}")
            if told.trial.is_same:
                ui.label("The rule in force does the same.").classes("note")
            elif other is None:
                ui.label("No rule of this id is in force.").classes("note")
            else:
                changes = [one.change for one in told.compared]
                both = len(changes) - changes.count(MORE) - changes.count(FEWER)
                with ui.element("div").classes("buttons"):
                    ui.label(f"+{changes.count(MORE)} alerts").classes("badge bad")
                    ui.label(f"-{changes.count(FEWER)}").classes("badge good")
                    ui.label(f"{both} in both").classes("badge")
                    ui.label(
                        f"The rule in force {summary(told.against, told.messages_against, span)}."
                    ).classes("note")
            self._draw_groups(shown)

    def _draw_groups(self, shown: ShownBackTest) -> None:
        told = shown.told
        compared = in_order(told.compared)
        groups = groups_of(compared, told.trial.rule)
        if not groups and told.trial.rule.by:
            ui.label("No group fires, so there is none to draw.").classes("note")
            return
        self._picture = ui.element("div")
        rows = rows_of(ALERTS, told, shown.found.span, people=True)[:_ROWS_MOST]
        if rows:
            # The group is what is picked, so it stands first.
            names = COLUMNS[ALERTS]
            order = [names.index("group"), 0, *range(3, len(names))]
            table(
                [names[place] for place in order],
                [[_cell(row[place]) for place in order] for row in rows],
                on_pick=lambda number: self._page.attempt(
                    lambda: self._pick(shown, _group(shown, compared[number]))
                ),
            )
            if len(compared) > len(rows):
                ui.label(f"and {len(compared) - len(rows)} more").classes("note")
        ui.timer(
            0, lambda: self._page.attempt(lambda: self._pick(shown, groups[0] if groups else ())), once=True
        )

    async def _pick(self, shown: ShownBackTest, group: Group) -> None:
        sides = await asyncio.to_thread(shown.sides, group)
        self._picture.clear()
        with self._picture:
            for side, name in zip(sides, ("to try", "in force"), strict=False):
                _draw_side(side, name, group, shown.found.span, _limits(sides))


def build(page: Page) -> Any:
    """Draw the page."""
    made = _BackTest(page)
    return page.attempt(made.begin)


def _draw_side(side: Side, name: str, group: Group, span: range, limits: tuple[float, float]) -> None:
    document = rule_document(side.rule)
    with ui.element("div").classes("buttons"):
        ui.label(f"{name}").classes("badge")
        ui.label(_named(side.rule.by, group)).classes("strong")
        ui.label(f"fires when {condition_text(document)}").classes("note")
    spans = [
        (max(one.begin_s, span.start) * 1000, min(one.end_s or span.stop, span.stop) * 1000)
        for one in side.firings
    ]
    values = [((at_s + side.rule.period_s) * 1000, value) for at_s, value in side.values]
    ui.echart(
        charts.firing_chart(
            values,
            spans,
            bounds_of(document),
            recovery_of(document),
            (span.start * 1000, span.stop * 1000),
            limits,
        )
    ).classes("small-chart")


def _limits(sides: Sequence[Side]) -> tuple[float, float]:
    """The least and the greatest of all values and bounds, so that both pictures have one scale."""
    numbers = [value for side in sides for _, value in side.values if value is not None]
    for side in sides:
        numbers += [*side.rule.condition.bounds, *side.rule.recovery.condition.bounds]
    return min(numbers), max(numbers)


def _group(shown: ShownBackTest, compared: Any) -> Group:
    [group] = groups_of([compared], shown.told.trial.rule)
    return group


def _cell(value: object) -> str:
    if isinstance(value, float):
        return number_text(value)
    return "" if value is None else str(value)


def _named(names: Sequence[str], group: Group) -> str:
    pairs = zip(names, group, strict=False)
    return charts.plain(
        " ".join(f"{name}={'' if value is None else value}" for name, value in pairs) or "(all)"
    )
