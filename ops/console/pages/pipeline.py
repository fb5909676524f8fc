"""The pipeline as a picture: each box with its figures of the last hour, and what is wrong in red."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nicegui import ui

from handlers.vocabulary import LAKE
from ops.console.pages import tryout
from ops.console.pages.frame import Page
from ops.console.pages.parts import (
    counted_text,
    duration_text,
    heading,
    main,
    number_text,
    pairs,
    prose,
    sparkline,
)
from ops.console.readers.errors import LoggedError, last_error
from ops.console.readers.figures import AlarmOn, Figures, read_alarms, read_figures

_REFRESH_S = 2.0
_RECENT_S = 300
Row = tuple[str, Callable[[Figures], str]]


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the picture: its place, its main figure, the lines below, and what makes it red.

    `alarms` are the logical names by which its alarms begin, `faults` figures that should be nothing.
    """

    key: str
    title: str
    service: str
    main: str
    noun: str
    rows: Sequence[Row]
    alarms: Sequence[str]
    faults: Sequence[tuple[str, str]] = ()
    path: str = ""
    component: str = ""


def _total(name: str) -> Callable[[Figures], str]:
    return lambda figures: number_text(figures[name].total)


def _milliseconds(name: str) -> Callable[[Figures], str]:
    return lambda figures: duration_text(figures[name].last, per_second=1000)


BOXES = (
    Box(
        "api", "Ingest API", "API Gateway", "requests", "requests",
        (("refused (4xx)", _total("refused")), ("failed (5xx)", _total("failed")), ("p99", _milliseconds("latency"))),
        ("IngestApi", "ClientAuthorizer", "RemoteWriteReceiver"), (("failed", "requests failed with 5xx"),),
    ),
    Box(
        "stream", "Stream", "Kinesis", "records", "records",
        (
            ("writer is behind", _milliseconds("MetricWriter_waits")),
            ("heartbeat at the writer", lambda figures: duration_text(figures["writer_heartbeat"].last)),
            ("alerts are behind", _milliseconds("WindowAggregator_waits")),
            ("heartbeat at the alerts", lambda figures: duration_text(figures["aggregator_heartbeat"].last)),
        ),
        ("Stream",),
    ),
    Box(
        "writer", "Metric writer", "Lambda", "received", "points",
        (("runs", _total("MetricWriter_runs")), ("errors", _total("MetricWriter_errors"))),
        ("MetricWriter",),
        (("MetricWriter_errors", "runs of the writer failed"), ("MetricWriter_throttles", "runs were throttled")),
        component="MetricWriter",
    ),
    Box(
        "store", "Store", "Timestream", "stored", "points stored",
        (
            ("superseded", _total("superseded")),
            ("ingest to queryable", _milliseconds("delay")),
            ("at most", _milliseconds("delay_most")),
        ),
        ("MetricsTable", "Database"), path="/explore",
    ),
    Box(
        "quarantine", "Quarantine", "S3", "quarantined", "points set aside", (),
        ("Quarantine", "MetricWriterQuarantined", "MetricWriterUnreadable"),
        (("quarantined", "points could not be stored"),), path="/quarantine",
    ),
    Box(
        "aggregator", "Aggregator", "Lambda", "WindowAggregator_runs", "batches",
        (("errors", _total("WindowAggregator_errors")),),
        ("WindowAggregator",), (("WindowAggregator_errors", "runs of the aggregator failed"),),
        component="WindowAggregator",
    ),
    Box(
        "evaluation", "Evaluation", "Step Functions", "groups", "groups evaluated",
        (("transitions", _total("transitions")), ("errors", _total("AlertEvaluator_errors"))),
        ("AlertEvaluat", "RuleChanges", "AlertRules"), (("AlertEvaluator_errors", "evaluations failed"),),
        path="/alerts", component="AlertEvaluator",
    ),
    Box(
        "messages", "Messages", "SNS", "notifications", "notifications", (), ("AlertTopic", "AlertForwarder"),
        path="/alerts",
    ),
    Box(
        "exports", "Exports", "S3", "hours", "hours exported",
        (
            ("failed", _total("hours_failed")),
            ("behind", lambda figures: duration_text(figures["export_lag"].last)),
        ),
        ("MetricExport", "Export"), (("hours_failed", "hours failed"),), path="/exports",
    ),
)  # fmt: skip
# Which cells of the grid between the boxes hold an arrow, and its shape.
_ARROWS = ("api-stream", "stream-writer", "writer-store", "store-exports", "writer-quarantine", "stream-aggregator",
           "aggregator-evaluation", "evaluation-messages")  # fmt: skip


class _Drawn:
    """A box on the page, whose texts follow the figures."""

    def __init__(self, box: Box, page: Page) -> None:
        self._box = box
        self._element = (ui.link(target=page.link(box.path)) if box.path else ui.element("div")).classes(
            "box"
        )
        self._element.style(f"grid-area: {box.key}")
        with self._element:
            with ui.element("div").classes("box-head"):
                ui.label(box.title).classes("box-title")
                ui.label(_service(box, page)).classes("box-service")
            self._number = ui.label("–").classes("box-number")
            ui.label(box.noun).classes("box-noun")
            self._spark = ui.html("", sanitize=False).classes("spark")
            self._rows = pairs([(name, "–") for name, _ in box.rows])
            self._wrong = ui.label().classes("box-wrong")

    def show(self, figures: Figures, alarms: Sequence[AlarmOn]) -> list[str]:
        """Show the figures and the box's alarms; the words for what is wrong here."""
        box = self._box
        figure = figures[box.main]
        self._number.set_text(f"{figure.total:,.0f}")
        self._spark.set_content(sparkline(figure.minutes, figures.at_s))
        for label, (_, text) in zip(self._rows, box.rows, strict=True):
            label.set_text(text(figures))
        wrong = [alarm.why for alarm in alarms if box_of(alarm) is box]
        wrong += [
            f"{number_text(recent)} {what} in the last five minutes"
            for name, what in box.faults
            if (recent := _recent(figures, name))
        ]
        self._element.classes(add="bad" if wrong else "", remove="" if wrong else "bad")
        self._wrong.set_text(wrong[0].replace("`", "") if wrong else "")
        self._wrong.set_visibility(bool(wrong))
        return [f"{box.title}: {text}" for text in wrong]


def _service(box: Box, page: Page) -> str:
    """The name of AWS's service behind a box: of stores there are two kinds."""
    is_lake = box.key == "store" and page.place.target.config.store.kind == LAKE
    return "S3, Athena" if is_lake else box.service


def build(page: Page) -> None:
    """Draw the page."""
    with main():
        summary = ui.label("Reading the figures …").classes("summary")
        with ui.element("section").classes("picture").props('aria-label="The pipeline"'):
            drawn = [_Drawn(box, page) for box in BOXES]
            for arrow in _ARROWS:
                ui.element("div").classes(f"arrow {arrow}").props('aria-hidden="true"')
        with ui.element("section").classes("card"):
            heading("What is wrong")
            wrong_list = ui.element("ul").classes("wrong-list")
        if page.is_local:
            tryout.build(page)

    async def refresh() -> None:
        figures, alarms, error = await asyncio.to_thread(_read, page)
        wrong = [text for box in drawn for text in box.show(figures, alarms)]
        summary.set_text(_balance(figures))
        wrong_list.clear()
        with wrong_list:
            for text in wrong or ["Nothing: no alarm is on."]:
                with ui.element("li").classes("bad" if wrong else "good"):
                    prose(text)
            if error is not None:
                with ui.element("li"):
                    ui.label(f"Last error, {_clock(error.at_s)} UTC, {error.function}: {error.text}")

    page.every(_REFRESH_S, refresh)


def box_of(alarm: AlarmOn) -> Box:
    """The box of an alarm, the one that names it most closely; the first for what none names."""
    named = ((prefix, box) for box in BOXES for prefix in box.alarms if alarm.name.startswith(prefix))
    return max(named, key=lambda pair: len(pair[0]), default=("", BOXES[0]))[1]


def _read(page: Page) -> tuple[Figures, list[AlarmOn], LoggedError | None]:
    figures = read_figures(page.place)
    failed = tuple(
        box.component for box in BOXES if box.component and figures[f"{box.component}_errors"].total
    )
    alarms = [alarm for alarm in read_alarms(page.place) if not alarm.waits]
    return figures, alarms, last_error(page.place, failed)


def _balance(figures: Figures) -> str:
    names = ("received", "stored", "superseded", "quarantined")
    received, stored, superseded, quarantined = (figures[name].total for name in names)
    if not received:
        return "No point has come in the last hour."
    gap = received - stored - superseded - quarantined
    missing = f" · {counted_text(gap, 'point')} unaccounted for" if gap else ""
    return (
        f"{received:,.0f} points received = {stored:,.0f} stored + {superseded:,.0f} superseded "
        f"+ {quarantined:,.0f} quarantined{missing} · last hour"
    )


def _recent(figures: Figures, name: str) -> float:
    return sum(value for moment, value in figures[name].minutes if moment > figures.at_s - _RECENT_S)


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}"
