"""Paths of the pages, in the order of the navigation."""

from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui

from ops.console.pages import alerts, backtest, explore, exports, fleet, pipeline, quarantine, request
from ops.console.pages.frame import PAGES, Page, open_page
from ops.console.place import Places

_BUILD: Mapping[str, Callable[[Page], Awaitable[None] | None]] = {
    "/": pipeline.build,
    "/explore": explore.build,
    "/alerts": alerts.build,
    "/quarantine": quarantine.build,
    "/request": request.build,
    "/exports": exports.build,
    "/fleet": fleet.build,
    "/backtest": backtest.build,
}


def add(places: Places) -> None:
    """Register a page at each path."""
    for path, title in PAGES.items():
        _add(places, path, title)


def _add(places: Places, path: str, title: str) -> None:
    build = _BUILD[path]

    async def show(env: str = "", region: str = "") -> None:
        page = await open_page(places, path, env, region)
        if page is not None:
            built = build(page)
            if built is not None:
                await built

    ui.page(path, title=f"{title} · Tidegauge")(show)
