"""Local runs only: send a request, switch faults, move the clock."""

import asyncio
import functools

from nicegui import ui

from ops.console import local_actions
from ops.console.pages.frame import Page
from ops.console.pages.parts import heading


def build(page: Page) -> None:
    """Draw the three cards."""
    with ui.element("div").classes("cards"):
        with ui.element("section").classes("card"):
            heading("Send a request")
            _sending(page)
        with ui.element("section").classes("card"):
            heading("Break something")
            _faults(page)
            heading("Move the clock")
            _clock(page)


def _sending(page: Page) -> None:
    first = next(iter(local_actions.EXAMPLES))
    body = (
        ui.textarea("Body", value=local_actions.example(first))
        .props("outlined autogrow spellcheck=false")
        .classes("mono")
    )
    answer = ui.label().classes("answer").props('role="status"')

    async def send() -> None:
        reply = await asyncio.to_thread(local_actions.post, page.place, body.value)
        answer.set_text(str(reply))
        answer.classes("good" if reply.accepted else "bad", remove="bad" if reply.accepted else "good")

    with ui.element("div").classes("buttons"):
        for name in local_actions.EXAMPLES:
            ui.button(name, on_click=lambda name=name: body.set_value(local_actions.example(name))).props(
                "flat dense no-caps"
            )
    page.press(ui.button("POST it").props("unelevated no-caps"), send)


def _faults(page: Page) -> None:
    shown = ui.element("div").classes("buttons")

    async def show() -> None:
        on = await asyncio.to_thread(local_actions.faults_on, page.place)
        shown.clear()
        with shown:
            for name in local_actions.faults(page.place):
                button = ui.button(name, icon="bolt" if name in on else "power_settings_new")
                button.props(f"no-caps dense {'unelevated color=negative' if name in on else 'outline'}")
                button.props(f'aria-pressed="{str(name in on).lower()}"')
                page.press(button, functools.partial(switch, name))

    async def switch(name: str) -> None:
        await asyncio.to_thread(local_actions.switch_fault, page.place, name)
        await show()

    ui.timer(0.1, lambda: page.attempt(show), once=True)


def _clock(page: Page) -> None:
    reading = ui.label().classes("note")

    async def advance(seconds: float) -> None:
        reading.set_text(
            f"It is {await asyncio.to_thread(local_actions.advance_clock, page.place, seconds)} UTC there."
        )

    with ui.element("div").classes("buttons"):
        for name, seconds in (("1 minute on", 60), ("1 hour on", 3600), ("1 day on", 86_400)):
            page.press(ui.button(name).props("outline no-caps dense"), functools.partial(advance, seconds))
