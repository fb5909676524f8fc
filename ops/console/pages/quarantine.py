"""Quarantine: points that could not be stored, by what they have in common, and what to do about each reason."""

import asyncio
import json
from collections.abc import Mapping, Sequence

from nicegui import ui

from ops.console.pages.frame import Page
from ops.console.pages.parts import as_rows, counted_text, heading, main, number_text, pairs, prose, table
from ops.console.readers.quarantine import given_up_batches, read_quarantine
from ops.output import moment
from ops.quarantined.cures import cure_of
from ops.quarantined.points import QuarantinedPoint, Reading, grouped

_REFRESH_S = 5.0
_POINTS_SHOWN = 500
_SPANS: Mapping[int, str] = {3_600: "Last hour", 86_400: "Last day", 604_800: "Last week"}
_BY = ("reason", "client", "metric")


class _Quarantine:
    """The groups, the points of the one that is chosen, and the point that is shown whole."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._only: tuple[str, str] | None = None
        self._reading = Reading((), truncated=False, foreign=0)
        self._points: Sequence[QuarantinedPoint] = ()
        self._values: dict[str, list[str]] = {by: [] for by in _BY}
        with main():
            with ui.element("section").classes("card"):
                heading("Set aside")
                with ui.element("div").classes("controls"):
                    self._span = ui.select(dict(_SPANS), value=3_600, label="Arrived").props("dense outlined")
                    self._span.on_value_change(lambda: page.attempt(self.refresh))
                    self._summary = ui.label().classes("note")
                    self._given_up = ui.label().classes("bad")
                    self._all = ui.button("Show all", on_click=lambda: self._choose(None)).props(
                        "flat no-caps dense"
                    )
            with ui.element("div").classes("cards"):
                self._groups = {by: self._group_card(by) for by in _BY}
            with ui.element("section").classes("card"):
                heading("Points")
                self._list = table(
                    ("arrived (UTC)", "reason", "metric", "field", "message", "client"),
                    (),
                    on_pick=self._pick,
                    empty="No point was set aside.",
                )
            self._detail = ui.element("section").classes("card")
            self._detail.set_visibility(False)

    def _group_card(self, by: str) -> ui.table:
        with ui.element("section").classes("card"):
            heading(f"By {by}")
            return table(
                (by, "points"),
                (),
                on_pick=lambda number: self._choose((by, self._values[by][number])),
                numbers=(1,),
            )

    async def refresh(self) -> None:
        """Read the quarantine again; what did not change is not drawn again."""
        place = self._page.place
        reading = await asyncio.to_thread(read_quarantine, place, since_s=self._span.value)
        given_up = await asyncio.to_thread(given_up_batches, place)
        lines = list(given_up.lines())
        if given_up.objects:
            lines[0] += ": ops quarantine redrive --batches writes them again"
        self._given_up.set_visibility(bool(lines))
        self._given_up.set_text("; ".join(lines))
        if reading == self._reading and self._summary.text:
            return
        self._reading = reading
        for by, drawn in self._groups.items():
            groups = grouped(reading.points, by)
            self._values[by] = [group.value for group in groups]
            drawn.rows = as_rows([(group.value or "–", number_text(group.points)) for group in groups])
        self._draw()

    def _choose(self, only: tuple[str, str] | None) -> None:
        self._only = only
        self._draw()

    def _draw(self) -> None:
        only = self._only
        self._points = [
            point for point in self._reading.points if only is None or getattr(point, only[0]) == only[1]
        ]
        more = " or more" if self._reading.truncated else ""
        chosen = f" · {only[0]} {only[1]}: {number_text(len(self._points))}" if only else ""
        self._summary.set_text(f"{counted_text(len(self._reading.points), 'point')}{more}{chosen}")
        self._all.set_visibility(only is not None)
        self._list.rows = as_rows(
            [
                (moment(one.arrived_s), one.reason, one.metric, one.field, one.message, one.client)
                for one in self._points[:_POINTS_SHOWN]
            ]
        )
        if self._points:
            self._pick(0)
        else:
            self._detail.set_visibility(False)

    def _pick(self, number: int) -> None:
        point = self._points[number]
        self._detail.set_visibility(True)
        self._detail.clear()
        with self._detail:
            heading(point.reason)
            ui.label(point.message)
            cure = cure_of(point.reason)
            prose(cure.cause).classes("note")
            prose(f"What to do: {cure.cure}").classes("cure")
            if point.redriven:
                ui.label("It was sent again since.").classes("good")
            if point.dropped:
                ui.label("What was sent is dropped.").classes("note")
            with ui.element("div").classes("facts"):
                pairs(
                    (
                        ("metric", point.metric or "–"),
                        ("field", point.field or "–"),
                        ("client", point.client or "–"),
                        ("point", str(point.index)),
                        ("arrived", f"{moment(point.arrived_s)} UTC"),
                    )
                )
            ui.link(f"Request {point.request_id}", self._page.link("/request", id=point.request_id))
            ui.label(json.dumps(point.payload, indent=2, ensure_ascii=False)).classes("mono pre")


def build(page: Page) -> None:
    """Draw the page."""
    page.every(_REFRESH_S, _Quarantine(page).refresh)
