"""The frame of a page: what may change something, and its style beside the library's own."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nicegui
import pytest

from ops.console.pages import frame
from ops.console.pages.frame import Page
from ops.errors import OperatorError

_CLASS = re.compile(r"\.([a-z][\w-]*)")
_LIBRARYS = ("q-", "body--", "nicegui-", "text-")
_STYLE = Path(frame.__file__).parents[1] / "assets" / "console.css"


class _Button:
    """Keeps what would be sent to the browser."""

    def on(self, kind: str, handler: Any, *, js_handler: str) -> None:
        self.kind, self.handler, self.script = kind, handler, js_handler


def page() -> Page:
    """A page that is not drawn."""
    made: Any = Page(None, None, "/", {})  # type: ignore[arg-type]

    async def attempt(action: Any, *, of: str) -> None:
        await action()

    made.attempt = attempt
    return made


@pytest.mark.parametrize("token", [None, "", "guess", 0, ["guess"], {}, "ü"])
def test_nothing_changes_without_the_token(token: object) -> None:
    """Whatever else an event brings, it is refused."""
    changed: list[int] = []

    async def change() -> None:
        changed.append(1)

    button: Any = _Button()
    page().press(button, change)
    with pytest.raises(PermissionError):
        asyncio.run(button.handler(SimpleNamespace(args=token)))
    assert changed == []


def test_the_pages_own_button_sends_the_token_and_no_other_page_has_it() -> None:
    """It stands in the page's script, is new for each page, and is long enough not to be guessed."""
    changed: list[int] = []

    async def change() -> None:
        changed.append(1)

    one, other = page(), page()
    button: Any = _Button()
    one.press(button, change)
    token = button.script.partition('"')[2].partition('"')[0]
    assert len(token) >= 43
    assert one.is_mine(token)
    assert not other.is_mine(token)
    asyncio.run(button.handler(SimpleNamespace(args=token)))
    assert changed == [1]


def test_what_kept_a_change_from_being_made_stays_while_the_page_is_refreshed() -> None:
    """Only the next change takes it away; what the page could not read goes once it can."""

    class Label:
        def set_text(self, text: str) -> None:
            self.text = text

        def set_visibility(self, visible: bool) -> None:
            self.visible = visible

    made: Any = Page(None, None, "/", {})  # type: ignore[arg-type]
    made._fault = fault = Label()
    made._show_cost = lambda: None

    def attempt(error: str = "", *, of: str = "view") -> str:
        async def action() -> None:
            if error:
                raise OperatorError(error)

        asyncio.run(made.attempt(action, of=of))
        assert fault.visible == bool(fault.text)
        return fault.text

    assert attempt("refused", of="change") == attempt() == "refused"
    assert attempt("no answer") == "refused\nno answer"
    assert attempt() == "refused"
    assert attempt(of="change") == ""


def test_no_class_of_ours_is_one_that_the_library_lays_out_by() -> None:
    """A class of both would change switches, chips and menus; what is meant for those bears their own names."""
    librarys = set().union(*map(_classes, (Path(nicegui.__file__).parent / "static").glob("*.css")))
    assert "inline" in librarys
    ours = {name for name in _classes(_STYLE) if not name.startswith(_LIBRARYS)}
    assert "fault" in ours
    assert ours & librarys == set()


def _classes(file: Path) -> set[str]:
    """The classes that a style sheet's selectors name."""
    return set(_CLASS.findall(re.sub(r"\{[^{}]*\}", "", file.read_text(encoding="utf-8"))))
