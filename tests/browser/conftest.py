"""Debian's Chromium under Playwright, and a local run with a console for it to open."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, sync_playwright

from tests.support.console_process import ConsoleProcess
from tests.support.local_run import LocalRun

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; as root it wants no sandbox."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def run() -> Iterator[LocalRun]:
    """A local run, fed with this machine's metrics."""
    started = LocalRun()
    yield started
    started.kill()


@pytest.fixture(scope="module")
def console(run: LocalRun) -> Iterator[ConsoleProcess]:
    """Its console."""
    with ConsoleProcess(run.environment["AWS_ENDPOINT_URL"]) as started:
        yield started


class Watched:
    """A page with what it complained of and asked for."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._asked_the_person)
        self.page.on("request", lambda request: self.asked.add(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _asked_the_person(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, console: ConsoleProcess) -> Iterator[Open]:
    """Opens a page of the console; in the end none has complained, and none has asked anybody else."""
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def opened(path: str, *, width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        watched.append(Watched(context))
        page = watched[-1].page
        page.goto(f"{console.url}{path}")
        page.wait_for_selector("main")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for one in watched for text in one.complaints] == []
    own = (console.url, console.url.replace("http://", "ws://"), "data:", "blob:")
    assert [url for one in watched for url in one.asked if not url.startswith(own)] == []
