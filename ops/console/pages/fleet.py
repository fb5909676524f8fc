"""Fleet: every region of the environment with its version, stack and health, and the way to its page."""

import asyncio

from nicegui import ui

from handlers.vocabulary import LAKE, TIMESTREAM
from ops.console.pages.frame import Page
from ops.console.pages.parts import heading, main, pairs
from ops.console.readers.fleet import ShownRegion, read_regions

_REFRESH_S = 10.0
_PLACES = {
    "CloudFormation": "cloudformation/home?region={region}#/stacks?filteringText={name}",
    "Alarms": "cloudwatch/home?region={region}#alarmsV2:?search={name}",
}
"""Pages of AWS's own console."""
_STORES = {
    TIMESTREAM: ("Timestream", "timestream/home?region={region}#databases"),
    LAKE: ("Athena", "athena/home?region={region}#/query-editor"),
}
"""Those of each kind of store."""


def build(page: Page) -> None:
    """Draw the page."""
    config = page.place.target.config
    with main(), ui.element("section").classes("card"):
        heading(f"Regions of {config.stack_name}")
        cards = ui.element("div").classes("cards")
    shown: list[ShownRegion] = []

    async def refresh() -> None:
        regions = await asyncio.to_thread(read_regions, page.places, config)
        if regions == shown:
            return
        shown[:] = regions
        cards.clear()
        with cards:
            for region in regions:
                _card(page, region)

    page.every(_REFRESH_S, refresh)


def _card(page: Page, shown: ShownRegion) -> None:
    healthy = shown.health == "ok"
    with ui.element("article").classes("box bad" if shown.deployed and not healthy else "box"):
        with ui.element("div").classes("box-head"):
            ui.link(shown.region, page.link("/", region=shown.region)).classes("box-title")
            badge = ui.label("healthy" if healthy else shown.health).classes("badge")
            badge.classes("good" if healthy else "bad" if shown.deployed else "")
        pairs(
            (
                ("version", shown.version),
                ("stack", shown.stack),
                ("in the fleet", shown.in_fleet),
                ("ingest", shown.ingest_url),
            )
        )
        if shown.deployed and not page.is_local:
            with ui.element("div").classes("buttons"):
                config = page.place.target.config
                for text, path in (*_PLACES.items(), _STORES[config.store.kind]):
                    where = path.format(region=shown.region, name=config.stack_name)
                    target = f"https://{shown.region}.console.aws.amazon.com/{where}"
                    ui.link(text, target, new_tab=True).props('rel="noreferrer"')
