"""Explore: find a metric, draw it as it comes, and change the SQL behind the chart."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nicegui import ui

from ops.catalogue import Metric, Series
from ops.console import charts
from ops.console.pages.frame import Page
from ops.console.pages.parts import as_rows, counted_text, heading, main, number_text, table
from ops.console.readers.catalogue import first_choice, read_metrics, read_series, varying
from ops.console.readers.series import AGGREGATIONS, RANGES, Question, sql_of
from ops.console.readers.sql import ROWS_MOST, Answer, ask

_LIVE_S = 2.0
_CATALOGUE_TICKS = 15
_ROWS_SHOWN = 1_000


class _Explore:
    """The page's parts, the question they stand for, and the SQL, which may have been changed by hand."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._question = _asked(page.parameters)
        self._by_hand = False
        self._metrics: Sequence[Metric] = ()
        self._series: Sequence[Series] = ()
        self._ticks = 0
        with main().classes("explore"):
            with ui.element("section").classes("card"):
                heading("Metrics")
                search = ui.input(placeholder="Search   /").props(
                    'type="search" dense outlined clearable aria-label="Search metrics"'
                )
                self._list = table(
                    ("metric", "last"), (), on_pick=self._pick, numbers=(1,), empty="No metric yet."
                )
                search.on_value_change(lambda event: self._list.set_filter(event.value or ""))
                self._read = ui.button("Read the metrics").props("flat no-caps dense")
                self._read.on_click(lambda: page.attempt(self._read_metrics))
                self._read.set_visibility(not page.is_local)
            with ui.element("div").classes("column-gap"):
                with ui.element("section").classes("card"):
                    self._title = heading("")
                    self._controls()
                    self._chart = ui.echart(charts.line_chart(())).classes("chart")
                    self._note = ui.label().classes("note").props('role="status"')
                with ui.element("section").classes("card"):
                    heading("SQL")
                    self._sql = (
                        ui.textarea()
                        .props('outlined autogrow spellcheck=false aria-label="SQL"')
                        .classes("mono")
                    )
                    self._sql.on("keydown.ctrl.enter", lambda: page.attempt(self._run_by_hand))
                    with ui.element("div").classes("buttons"):
                        ui.button("Run", on_click=lambda: page.attempt(self._run_by_hand)).props(
                            "unelevated no-caps"
                        )
                        ui.button("As chosen above", on_click=lambda: page.attempt(self._ask_again)).props(
                            "flat no-caps"
                        )
                        ui.label("Ctrl+Enter runs it").classes("note")
                    self._rows = ui.expansion("Rows").classes("expansion").props("dense")
                with ui.element("section").classes("card"):
                    heading("Series")
                    self._series_box = ui.element("div")
                    with self._series_box:
                        ui.button("List the series", on_click=lambda: page.attempt(self._read_series)).props(
                            "flat no-caps dense"
                        )

    def _controls(self) -> None:
        question = self._question
        with ui.element("div").classes("controls"):
            self._aggregation = ui.select(list(AGGREGATIONS), value=question.aggregation, label="Aggregation")
            self._by = ui.select([], value=[], label="Group by", multiple=True).props("use-chips")
            ranges = {ago: f"Last {each.label}" for ago, each in RANGES.items()}
            self._ago = ui.select(ranges, value=question.ago, label="Range")
            self._live = ui.switch("Live", value=True)
            self._where = ui.element("div").classes("buttons")
        for control in (self._aggregation, self._by, self._ago):
            control.props("dense outlined options-dense")
            control.on_value_change(lambda: self._page.attempt(self._chosen))

    async def tick(self) -> None:
        """Follow what comes: the chart each time, the list of metrics now and then."""
        may = self._page.place.spending.may_query(local=self._page.is_local)
        if not may or not (self._live.value or self._ticks == 0):
            return
        if self._ticks % _CATALOGUE_TICKS == 0 and (self._page.is_local or not self._metrics):
            await self._read_metrics()
        self._ticks += 1
        if self._sql.value:
            await self._draw()

    async def _read_metrics(self) -> None:
        self._metrics = await asyncio.to_thread(read_metrics, self._page.place)
        self._list.rows = as_rows([(one.name, number_text(one.last.value)) for one in self._metrics])
        if not self._sql.value:
            named = [one for one in self._metrics if one.name == self._question.metric]
            chosen = named[0] if named else first_choice(self._metrics)
            if chosen is not None:
                given = (
                    self._question
                    if named
                    else replace(self._question, metric=chosen.name, by=varying(chosen))
                )
                await self._show(given)

    async def _pick(self, number: int) -> None:
        metric = self._metrics[number]
        self._series = ()
        await self._page.attempt(
            lambda: self._show(replace(self._question, metric=metric.name, by=varying(metric), where=()))
        )

    async def _show(self, question: Question) -> None:
        """Show a question: its SQL, its controls, its chart."""
        self._question, self._by_hand = question, False
        metric = next((one for one in self._metrics if one.name == question.metric), None)
        names = sorted({*(metric.dimensions if metric else ()), *question.by})
        self._by.set_options(names, value=list(question.by))
        self._draw_filters()
        place = self._page.place
        self._sql.set_value(
            sql_of(
                question,
                await asyncio.to_thread(place.output, "DatabaseName"),
                await asyncio.to_thread(place.output, "TableName"),
            )
        )
        url = self._page.link("/explore", **_parameters(question))
        ui.run_javascript(f"history.replaceState(null, '', {json.dumps(url)})")
        await self._draw()
        if self._page.is_local and metric is not None and not self._series:
            await self._read_series()

    async def _chosen(self) -> None:
        question = replace(
            self._question, aggregation=self._aggregation.value, by=tuple(self._by.value), ago=self._ago.value
        )
        if question != self._question and question.metric:
            await self._show(question)

    async def _ask_again(self) -> None:
        if self._question.metric:
            await self._show(self._question)

    async def _run_by_hand(self) -> None:
        self._by_hand = True
        await self._draw()

    async def _draw(self) -> None:
        answer = await asyncio.to_thread(ask, self._page.place, self._sql.value)
        lines = answer.lines()
        options = charts.line_chart(lines)
        self._chart.options.clear()
        self._chart.options.update(options)
        self._chart.update()
        self._chart.set_visibility(bool(lines) or not answer.rows)
        title = "SQL by hand" if self._by_hand else f"{self._question.aggregation} of {self._question.metric}"
        self._title.default_slot.children[0].set_text(title)  # type: ignore[attr-defined]
        self._note.set_text(_note(answer, len(lines)))
        if self._by_hand or self._rows.value:
            self._show_rows(answer)

    def _show_rows(self, answer: Answer) -> None:
        self._rows.clear()
        self._rows.set_value(True)
        with self._rows:
            table(answer.columns, [list(map(_cell, row)) for row in answer.rows[:_ROWS_SHOWN]])

    def _draw_filters(self) -> None:
        self._where.clear()
        with self._where:
            for name, value in self._question.where:
                chip = ui.chip(f"{name} = {value}", removable=True).props("dense")
                chip.on("remove", lambda pair=(name, value): self._page.attempt(lambda: self._without(pair)))

    async def _without(self, pair: tuple[str, str]) -> None:
        where = tuple(each for each in self._question.where if each != pair)
        await self._show(replace(self._question, where=where))

    async def _read_series(self) -> None:
        metric = next((one for one in self._metrics if one.name == self._question.metric), None)
        if metric is None:
            return
        self._series = await asyncio.to_thread(read_series, self._page.place, metric)
        names = sorted(metric.dimensions)
        self._series_box.clear()
        with self._series_box:
            rows = [
                (
                    "draw",
                    *(one.dimensions.get(name, "–") for name in names),
                    one.last.points,
                    number_text(one.last.value),
                )
                for one in self._series
            ]
            table(
                ("", *names, "points", "last"),
                rows,
                on_pick=self._pick_series,
                numbers=(len(names) + 1, len(names) + 2),
            )

    async def _pick_series(self, number: int) -> None:
        where = tuple(sorted(self._series[number].dimensions.items()))
        await self._page.attempt(lambda: self._show(replace(self._question, by=(), where=where)))


def build(page: Page) -> None:
    """Draw the page."""
    page.every(_LIVE_S, _Explore(page).tick)


def _asked(parameters: Mapping[str, str]) -> Question:
    """The question that an address asks; what it does not say, or says wrongly, is as usual."""
    usual = Question(parameters.get("metric", ""))
    aggregation, ago = parameters.get("agg", ""), parameters.get("ago", "")
    return Question(
        usual.metric,
        aggregation if aggregation in AGGREGATIONS else usual.aggregation,
        tuple(_list(parameters.get("by"))),
        tuple(
            (pair[0], pair[1])
            for pair in _list(parameters.get("where"))
            if isinstance(pair, list) and len(pair) == 2
        ),
        ago if ago in RANGES else usual.ago,
    )


def _parameters(question: Question) -> dict[str, str]:
    return {
        "metric": question.metric,
        "agg": question.aggregation,
        "ago": question.ago,
        **({"by": json.dumps(question.by)} if question.by else {}),
        **({"where": json.dumps(question.where)} if question.where else {}),
    }


def _list(text: str | None) -> list[Any]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _note(answer: Answer, lines: int) -> str:
    said = f"{counted_text(len(answer.rows), 'row')} · {counted_text(lines, 'line')}"
    if lines > charts.LINES_MOST:
        said += f", the first {charts.LINES_MOST} drawn: group by less"
    if answer.cut:
        said += f" · only the first {ROWS_MOST:,} rows were read"
    if answer.rows and not lines:
        said += " · a chart takes a time and a number"
    return said


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
