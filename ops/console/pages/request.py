"""Request: by the id that its client was told, where each of its points ended."""

import asyncio

from nicegui import ui

from ops.console.pages.frame import Page
from ops.console.pages.parts import heading, main, number_text
from ops.output import sanitize
from ops.request_account.account import State
from ops.request_account.ids import request_id
from ops.request_account.reading import read_account
from ops.request_account.words import Kept, lines

_REFRESH_S = 5.0
_SINCE_S = 604_800
_COUNTS = ("received", "stored", "superseded", "quarantined", "given_up", "in_flight")
_BAD = frozenset({State.GIVEN_UP, State.MISSING, State.UNKNOWN})


class _Request:
    """The field for an id, and the account of the request that was asked for, until it is settled."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._open = False
        with main():
            with ui.element("section").classes("card"):
                heading("Where did it go?")
                with ui.element("div").classes("controls"):
                    self._id = ui.input("Request id", value=page.parameters.get("id", ""))
                    self._id.props("dense outlined spellcheck=false").classes("search")
                    self._id.on("keydown.enter", self._ask)
                    ui.button("Look", on_click=self._ask).props("unelevated no-caps dense")
                ui.label("As the client was told it: in the body, or the header x-amz-apigw-id.").classes(
                    "note"
                )
            self._answer = ui.element("section").classes("card")
            self._answer.set_visibility(False)

    async def _ask(self) -> None:
        self._open = True
        await self._page.attempt(self._read)

    async def refresh(self) -> None:
        """Read it again, as long as it is in flight."""
        if self._open:
            await self._read()

    async def first(self) -> None:
        """Read the request that the page's address names."""
        if self._id.value:
            await self._ask()

    async def _read(self) -> None:
        place, name = self._page.place, request_id(self._id.value)
        account = await asyncio.to_thread(read_account, place, name, since_s=_SINCE_S)
        self._open = account.state is State.IN_FLIGHT
        config = place.target.config
        kept = Kept(
            log_days=config.logs.retention_days,
            quarantine_days=config.store.quarantine_days,
            since_s=_SINCE_S,
        )
        first, *rest = (sanitize(line) for line in lines(account, kept=kept))
        self._answer.set_visibility(True)
        self._answer.clear()
        with self._answer:
            heading(first).classes("bad" if account.state in _BAD else "")
            with ui.element("div").classes("controls"):
                for count in _COUNTS:
                    value = getattr(account.points, count)
                    if value or (value is not None and count in _COUNTS[:4]):
                        ui.label(f"{number_text(value)} {count.replace('_', ' ')}").classes("badge")
            ui.label("\n".join(rest)).classes("mono pre")


async def build(page: Page) -> None:
    """Draw the page."""
    shown = _Request(page)
    page.every(_REFRESH_S, shown.refresh, account_s=15.0)
    await shown.first()
