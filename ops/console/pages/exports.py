"""Exports: the last week's hours as a strip, and what an hour holds."""

import asyncio
from collections.abc import Mapping

from nicegui import ui

from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import State
from ops.console.pages.frame import Page
from ops.console.pages.parts import bytes_text, heading, main, number_text, pairs, table
from ops.console.readers.exports import ShownHour, read_files, read_hours
from ops.output import moment

_REFRESH_S = 10.0
_HOURS = 24 * 7
# The word and the colour of each state.
_LOOKS: Mapping[State, tuple[str, str]] = {
    State.EXPORTED: ("done", "done"),
    State.EMPTY: ("done, without a point", "done"),
    State.PARTIAL: ("exported before it was over", "due"),
    State.STALE: ("late points came: exported again soon", "late"),
    State.RUNNING: ("being exported", "running"),
    State.MISSING: ("due", "due"),
    State.WAITING: ("not over yet", "waiting"),
    State.FAILED: ("failed", "failed"),
    State.EXPIRED: ("expired before it was exported", "failed"),
    State.NONE: ("older than the exports", "none"),
}
_KEY = (
    ("done", "done"),
    ("due", "due"),
    ("late points", "late"),
    ("failed", "failed"),
    ("running", "running"),
    ("none, or not over yet", "none"),
)


class _Exports:
    """The strip, and the hour that is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._picked: Hour | None = None
        self._hours: list[ShownHour] = []
        with main():
            with ui.element("section").classes("card"):
                heading("Hours of the last week (UTC)")
                self._strip = ui.element("div")
                with ui.element("div").classes("buttons note"):
                    for word, look in _KEY:
                        with ui.element("span"):
                            ui.element("span").classes(f"key hour-key hour {look}")
                            ui.label(word).style("display:inline")
            self._detail = ui.element("section").classes("card")
            self._detail.set_visibility(False)

    async def refresh(self) -> None:
        """Read the hours again; the strip is drawn anew only if something changed."""
        hours = await asyncio.to_thread(read_hours, self._page.place, newest=_HOURS)
        if hours == self._hours:
            return
        self._hours = hours
        self._draw()
        if self._picked is None:
            done = [one for one in hours if one.record is not None and one.record.published is not None]
            if done:
                await self._pick(done[-1].hour)

    def _draw(self) -> None:
        self._strip.clear()
        days: dict[str, list[ShownHour]] = {}
        for one in self._hours:
            days.setdefault(str(one.hour).partition("T")[0], []).append(one)
        with self._strip:
            for day, hours in reversed(days.items()):
                with ui.element("div").classes("day"):
                    ui.label(day).classes("name")
                    with ui.element("div").classes("strip"):
                        for one in hours:
                            self._draw_hour(one)

    def _draw_hour(self, one: ShownHour) -> None:
        word, look = _LOOKS[one.state]
        clock = str(one.hour).partition("T")[2]
        button = (
            ui.element("button").classes(f"hour {look}").props(f'type="button" title="{one.hour}: {word}"')
        )
        button.props(f'aria-label="{one.hour}: {word}"')
        with button:
            ui.label(clock)
        button.on("click", lambda hour=one.hour: self._page.attempt(lambda: self._pick(hour)))

    async def _pick(self, hour: Hour) -> None:
        self._picked = hour
        one = next((one for one in self._hours if one.hour == hour), None)
        if one is None:
            return
        files = await asyncio.to_thread(read_files, self._page.place, hour)
        self._detail.set_visibility(True)
        self._detail.clear()
        record, place = one.record, self._page.place
        with self._detail:
            heading(f"{hour} · {_LOOKS[one.state][0]}")
            published = record.published if record else None
            facts = []
            if published is not None:
                facts += [
                    ("rows", number_text(published.rows)),
                    ("bytes", bytes_text(published.bytes)),
                    ("published", f"{moment(published.published_at_s)} UTC"),
                    ("run", published.run),
                ]
            if record is not None and record.due_at_s is not None:
                facts.append(("next due", f"{moment(record.due_at_s)} UTC"))
            if record is not None and record.error:
                facts.append(("error", record.error))
            with ui.element("div").classes("facts"):
                pairs(facts or [("", "Nothing is known of this hour.")])
            if files:
                table(
                    ("dataset", "size", "file"),
                    [(file.dataset, bytes_text(file.bytes), file.address) for file in files],
                    numbers=(1,),
                ).classes("whole")
            where = f"--environment {place.environment} --region {place.region}"
            ui.label(f"To export it again: python -m ops export run {hour} {where}").classes("note mono")


def build(page: Page) -> None:
    """Draw the page."""
    page.every(_REFRESH_S, _Exports(page).refresh)
