"""Explore: find a metric, draw it as it comes, and change the SQL behind the chart."""

import asyncio
import json
from collections.abc import Sequence
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
# Over the minute that must lie between queries nobody clicked for, which begins when one is asked.
_ACCOUNT_S = 62.0
_CATALOGUE_TICKS = 15
_ROWS_SHOWN = 1_000


class _Explore:
    """The page's parts, the question they stand for, and the statement that is drawn, which may be one by hand."""

    def __init__(self, page: Page) -> None:
        self._page, self._client = page, ui.context.client
        self._question = Question.read(page.parameters)
        self._statement = ""
        self._by_hand = False
        self._metrics: Sequence[Metric] = ()
        self._series: Sequence[Series] = ()
        self._ticks = 0
        with main().classes("explore"):
            with ui.element("section").classes("card"):
                self._build_list()
            with ui.element("div").classes("column-gap"):
                with ui.element("section").classes("card"):
                    self._build_chart()
                with ui.element("section").classes("card"):
                    self._build_sql()
                with ui.element("section").classes("card"):
                    heading("Series")
                    self._series_box = ui.element("div")
                    with self._series_box:
                        self._button("List the series", self._read_series)

    def _build_list(self) -> None:
        heading("Metrics")
        search = ui.input(placeholder="Search   /")
        search.props('type="search" dense outlined clearable aria-label="Search metrics"')
        self._list = table(
            ("metric", "last"), (), on_pick=self._pick, numbers=(1,), empty="No metric has come yet."
        ).classes("metrics")
        search.on_value_change(lambda event: self._list.set_filter(event.value or ""))
        self._button("Read the metrics", self._read_metrics).set_visibility(not self._page.is_local)

    def _build_chart(self) -> None:
        self._title = heading("")
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
        self._chart = ui.echart(charts.line_chart(())).classes("chart")
        self._note = ui.label().classes("note").props('role="status"')

    def _build_sql(self) -> None:
        heading("SQL")
        self._sql = ui.textarea().props('outlined autogrow spellcheck=false aria-label="SQL"').classes("mono")
        self._sql.on("keydown.ctrl.enter", lambda: self._page.attempt(self._run_by_hand))
        with ui.element("div").classes("buttons"):
            self._button("Run", self._run_by_hand).props(remove="flat dense", add="unelevated")
            self._button("As chosen above", self._ask_again)
            ui.label("Ctrl+Enter runs it").classes("note")
        self._rows = ui.expansion("Rows", on_value_change=self._open_rows).props("dense")

    def _button(self, text: str, action: Any) -> ui.button:
        return ui.button(text, on_click=lambda: self._page.attempt(action)).props("flat no-caps dense")

    async def tick(self) -> None:
        """Follow what comes: the chart each time, the list of metrics now and then; in an account as may be."""
        may = self._page.place.spending.may_query(local=self._page.is_local)
        if not may and self._ticks == 0:
            self._note.set_text(
                "By itself this page asks an account at most once a minute; a click asks at once."
            )
        if not may or not (self._live.value or self._ticks == 0):
            return
        if self._ticks == 0 and self._question.metric:
            await asyncio.gather(self._show(self._question), self._read_metrics())
        elif self._ticks % _CATALOGUE_TICKS == 0 and (self._page.is_local or not self._metrics):
            await self._read_metrics()
        elif self._statement:
            await self._draw()
        self._ticks += 1

    async def _read_metrics(self) -> None:
        self._metrics = await asyncio.to_thread(read_metrics, self._page.place)
        self._list.rows = as_rows([(one.name, number_text(one.last.value)) for one in self._metrics])
        if self._question.metric:
            self._offer_dimensions()
            return
        chosen = first_choice(self._metrics)
        if chosen is not None:
            await self._show(replace(self._question, metric=chosen.name, by=varying(chosen)))

    async def _pick(self, number: int) -> None:
        metric = self._metrics[number]
        self._series = ()
        question = replace(self._question, metric=metric.name, by=varying(metric), where=())
        await self._page.attempt(lambda: self._show(question))

    async def _show(self, question: Question) -> None:
        """Show a question: its controls, its SQL, its chart, and in a local run the metric's series."""
        self._question, self._by_hand = question, False
        self._offer_dimensions()
        self._draw_filters()
        self._statement = sql_of(question, await asyncio.to_thread(self._page.place.store))
        self._sql.set_value(self._statement)
        url = self._page.link("/explore", **question.parameters())
        self._client.run_javascript(f"history.replaceState(null, '', {json.dumps(url)})")
        await self._ask()
        if self._page.is_local and not self._series:
            await self._read_series()

    def _offer_dimensions(self) -> None:
        metric = self._metric()
        names = sorted({*(metric.dimensions if metric else ()), *self._question.by})
        self._by.set_options(names, value=list(self._question.by))

    def _metric(self) -> Metric | None:
        return next((one for one in self._metrics if one.name == self._question.metric), None)

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
        self._statement, self._by_hand = self._sql.value, True
        await self._ask()

    async def _ask(self) -> None:
        """Draw what was clicked for, and say so, as it may take a while."""
        self._note.set_text("Asking …")
        try:
            await self._draw()
        except BaseException:
            self._note.set_text("")
            raise

    async def _draw(self) -> None:
        statement = self._statement
        answer = await asyncio.to_thread(ask, self._page.place, statement)
        if statement != self._statement:
            return  # another was chosen meanwhile
        lines = answer.lines()
        self._chart.options.clear()
        self._chart.options.update(charts.line_chart(lines))
        self._chart.update()
        self._chart.set_visibility(bool(lines) or not answer.rows)
        self._title.set_text(
            "SQL by hand" if self._by_hand else f"{self._question.aggregation} of {self._question.metric}"
        )
        self._note.set_text(_note(answer, len(lines)))
        # A thousand rows take the browser longer than a chart of them.
        if not lines:
            self._rows.set_value(True)
        if self._rows.value:
            self._show_rows(answer)

    async def _open_rows(self) -> None:
        if self._rows.value and self._statement and not self._rows.default_slot.children:
            await self._page.attempt(self._draw)

    def _show_rows(self, answer: Answer) -> None:
        self._rows.clear()
        with self._rows:
            table(answer.columns, [list(map(_cell, row)) for row in answer.rows[:_ROWS_SHOWN]])

    def _draw_filters(self) -> None:
        self._where.clear()
        with self._where:
            for pair in self._question.where:
                chip = ui.chip(" = ".join(pair), removable=True).props("dense")
                chip.on("remove", lambda pair=pair: self._page.attempt(lambda: self._without(pair)))

    async def _without(self, pair: tuple[str, str]) -> None:
        where = tuple(each for each in self._question.where if each != pair)
        await self._show(replace(self._question, where=where))

    async def _read_series(self) -> None:
        metric = self._metric()
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
            numbers = (len(names) + 1, len(names) + 2)
            table(("", *names, "points", "last"), rows, on_pick=self._pick_series, numbers=numbers)

    async def _pick_series(self, number: int) -> None:
        where = tuple(sorted(self._series[number].dimensions.items()))
        await self._page.attempt(lambda: self._show(replace(self._question, by=(), where=where)))


def build(page: Page) -> None:
    """Draw the page."""
    page.every(_LIVE_S, _Explore(page).tick, account_s=_ACCOUNT_S)


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
