"""The frame of every page: navigation, the place that is shown, what it has cost, and the rhythm of what is live."""

import asyncio
import hmac
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from nicegui.element import Element

from ops.console.place import Place, Places
from ops.errors import OperatorError

PAGES: Mapping[str, str] = {
    "/": "Pipeline",
    "/explore": "Explore",
    "/alerts": "Alerts",
    "/quarantine": "Quarantine",
    "/request": "Request",
    "/exports": "Exports",
    "/fleet": "Fleet",
    "/backtest": "Back-test",
}
_ASSETS = Path(__file__).parents[1] / "assets"
# Painted at once, and gone when the page's scripts have run.
_FIRST = '<div id="first" class="top"><span class="brand">Tidegauge</span></div>'
_LOG = logging.getLogger(__name__)


class Page:
    """An open page: its place, whether anybody sees it, and the token without which nothing is changed."""

    def __init__(self, places: Places, place: Place, path: str, parameters: Mapping[str, str]) -> None:
        self.places, self.place = places, place
        self.path, self.parameters = path, parameters
        self.seen = True
        self._token = secrets.token_urlsafe(32)
        self._complaints: dict[str, str] = {}
        self._fault: ui.label
        self._cost: ui.label

    @property
    def is_local(self) -> bool:
        """True for a local run, where nothing is billed and clicks may change things."""
        return self.place.local_endpoint is not None

    def link(self, path: str, **parameters: str) -> str:
        """The address of a page of the same place."""
        return _link(path, self.place.environment, self.place.region, parameters)

    def every(
        self, seconds: float, refresh: Callable[[], Awaitable[None]], *, account_s: float = 60.0
    ) -> None:
        """Refresh now and then every so many seconds, in an account every `account_s`, while the page is seen."""

        async def tick() -> None:
            if self.seen:
                await self.attempt(refresh)

        ui.timer(seconds if self.is_local else account_s, tick)

    async def attempt(self, action: Callable[[], Awaitable[None]], *, of: str = "view") -> None:
        """Do something; what keeps it from being done is shown on the page until the next `of` its kind is done.

        So what is refreshed every other second does not take away why a change was not made.
        """
        try:
            await action()
        except OperatorError as error:
            self.complain(str(error), of=of)
        except Exception:  # noqa: BLE001 - the page stays, and the terminal has the rest
            _LOG.exception("%s", self.path)
            self.complain("the console itself failed; its terminal has the reason", of=of)
        else:
            self.complain("", of=of)
        self._show_cost()

    def complain(self, text: str, *, of: str = "view") -> None:
        """Show why something is not as it should be; an empty text takes away what was said `of` that."""
        self._complaints[of] = text
        shown = "\n".join(dict.fromkeys(filter(None, self._complaints.values())))
        self._fault.set_text(shown)
        self._fault.set_visibility(bool(shown))

    def press(self, element: Element, change: Callable[[], Awaitable[None]]) -> None:
        """Have a click change something: the event carries this page's token, or nothing is done."""

        async def pressed(event: Any) -> None:
            if not self.is_mine(event.args):
                raise PermissionError("a change was asked for without the page's token")
            await self.attempt(change, of="change")

        element.on("click", pressed, js_handler=f"() => emit({json.dumps(self._token)})")

    def is_mine(self, token: object) -> bool:
        """True for the token that only this page has."""
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self._token.encode())

    def build(self, environments: Mapping[str, tuple[str, ...]], where: str) -> None:
        """Draw the frame; what follows stands in the page's main part."""
        ui.colors(primary="#2563eb", negative="#c81e1e")
        ui.link("Skip to the content", "#main").classes("skip")
        with ui.element("header").classes("top"):
            ui.link("Tidegauge", self.link("/")).classes("brand")
            with ui.element("nav").props('aria-label="Pages"'):
                for number, (path, title) in enumerate(PAGES.items(), 1):
                    entry = ui.link(title, self.link(path)).props(f'accesskey="{number}"')
                    if path == self.path:
                        entry.classes("here").props('aria-current="page"')
            with ui.element("div").classes("place"):
                self._switch(environments)
                ui.label(where).classes("where")
                self._cost = ui.label().classes("cost")
                with self._cost:
                    would = "would have cost on AWS" if self.is_local else "has cost"
                    ui.tooltip(
                        f"What the console has asked since it was started, and {would}, by list prices"
                    )
                ui.button(icon="contrast").props('flat round dense aria-label="Light or dark"').on(
                    "click", js_handler="() => switchTheme()"
                )
        self._fault = ui.label().classes("fault").props('role="alert"')
        self.complain("")
        self._show_cost()
        ui.on("seen", lambda event: setattr(self, "seen", bool(event.args)))

    def _switch(self, environments: Mapping[str, tuple[str, ...]]) -> None:
        here = self.place
        for label, names, go in (
            ("Environment", list(environments), lambda name: _link(self.path, name, "", {})),
            (
                "Region",
                list(dict.fromkeys((*environments.get(here.environment, ()), here.region))),
                lambda name: _link(self.path, here.environment, name, {}),
            ),
        ):
            value = here.environment if label == "Environment" else here.region
            chosen = ui.select(
                names, value=value, on_change=lambda event, go=go: ui.navigate.to(go(event.value))
            )
            chosen.props(f'dense borderless options-dense aria-label="{label}"').classes("switch")

    def _show_cost(self) -> None:
        spending = self.place.spending
        self._cost.set_text(f"{spending.queries} SQL · {_dollars(spending.dollars)}")


async def open_page(places: Places, path: str, environment: str, region: str) -> Page | None:
    """A page at a place with its frame drawn, or None where only the reason why not is shown."""
    ui.add_head_html(f"<style>{_asset('console.css')}</style><script>{_asset('console.js')}</script>")
    ui.add_body_html(_FIRST)
    parameters = dict(ui.context.client.request.query_params)
    try:
        place = await asyncio.to_thread(places.find, environment, region)
        environments = await asyncio.to_thread(lambda: places.environments)
        where = await asyncio.to_thread(lambda: place.where)
    except OperatorError as error:
        with ui.element("main").classes("page"):
            ui.label(str(error)).classes("fault")
            ui.link("Back to the first page", "/")
        return None
    page = Page(places, place, path, parameters)
    page.build(environments, where)
    return page


def _dollars(dollars: float) -> str:
    """A sum to the cent, or what is less than one to the hundredth of it: a query of Athena's is that cheap."""
    return f"${dollars:.2f}" if dollars >= 0.01 or not dollars else f"${dollars:.4f}"


def _link(path: str, environment: str, region: str, parameters: Mapping[str, str]) -> str:
    given = {"env": environment, "region": region, **parameters}
    return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
