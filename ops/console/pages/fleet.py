"""Fleet: every region of the environment with its version, stack and health, and the way to its page."""

import asyncio
from typing import Any

from nicegui import ui

from ops import fleet
from ops.console.pages.frame import Page
from ops.console.pages.parts import heading, main, pairs

_REFRESH_S = 10.0
_CONSOLE = "https://{region}.console.aws.amazon.com"


def build(page: Page) -> None:
    """Draw the page."""
    with main(), ui.element("section").classes("card"):
        heading(f"Regions of {page.place.target.config.stack_name}")
        cards = ui.element("div").classes("cards")

    async def refresh() -> None:
        rows = await asyncio.to_thread(fleet.region_rows, page.place.target.config)
        cards.clear()
        with cards:
            for row in rows:
                _card(page, row)

    page.every(_REFRESH_S, refresh)


def _card(page: Page, row: Any) -> None:
    region, version, state, in_fleet, health, ingest = row
    healthy = health == "ok"
    with ui.element("article").classes("box" if healthy or state == "none" else "box bad"):
        with ui.element("div").classes("box-head"):
            ui.link(region, page.link("/", region=region)).classes("box-title")
            ui.label("healthy" if healthy else health if state != "none" else "not deployed").classes(
                f"badge {'good' if healthy else ''}"
            )
        pairs((("version", version), ("stack", state), ("in the fleet", in_fleet), ("ingest", ingest)))
        if not page.is_local and state != "none":
            name = page.place.target.config.stack_name
            base = _CONSOLE.format(region=region)
            with ui.element("div").classes("buttons"):
                for text, target in (
                    (
                        "CloudFormation",
                        f"{base}/cloudformation/home?region={region}#/stacks?filteringText={name}",
                    ),
                    ("Alarms", f"{base}/cloudwatch/home?region={region}#alarmsV2:?search={name}"),
                    ("Timestream", f"{base}/timestream/home?region={region}#databases"),
                ):
                    ui.link(text, target, new_tab=True).props('rel="noreferrer"')
