"""The console against those who would use it: hostile names, pages of other origins, events without the token."""

import functools
import json
from collections.abc import Callable

from playwright.sync_api import Browser, Page, Response, expect

from tests.support.browser import Site
from tests.support.console_page import PATIENCE_MS, lines_drawn
from tests.support.console_process import WEBSOCKET, ConsoleProcess
from tests.support.local_run import LocalRun, wait_for

Open = Callable[..., Page]
HOSTILE = '<img src=x onerror="alert(1)">{{constructor.constructor("alert(2)")()}}</script><script>alert(3)</script>'


def test_hostile_names_are_text_wherever_they_stand(open_page: Open, run: LocalRun) -> None:
    """In lists, charts, tooltips, quarantine and SQL nothing that a client named runs or becomes an element."""
    for bad in ({}, {"host": ""}):
        dimensions = {"room": HOSTILE, **bad}
        assert run.post({"metric_name": HOSTILE, "value": 1, "dimensions": dimensions}).status == 202
        assert run.post({"metric_name": HOSTILE, "value": 2, "dimensions": {"room": "{a|b}"}}).status == 202
    in_a_format = HOSTILE.replace("{", "{{").replace("}", "}}")
    wait_for(lambda: run.stored(in_a_format) == 3, "the points", seconds=60)
    page = open_page("/explore")
    page.get_by_role("button", name=HOSTILE).click(timeout=PATIENCE_MS)
    # The page shows another metric first, which may have two lines as well.
    wait_for(lambda: any("<img src=x" in name for name in lines_drawn(page)), "both lines", seconds=60)
    assert len(lines_drawn(page)) == 2
    chart = page.locator(".chart").bounding_box()
    assert chart is not None
    for share in (0.2, 0.5, 0.8, 0.99):
        page.mouse.move(chart["x"] + chart["width"] * share, chart["y"] + chart["height"] / 2)
        page.wait_for_timeout(100)
    for path in ("/quarantine", "/explore?metric=" + HOSTILE.replace("{", "%7B").replace('"', "%22")):
        other = open_page(path)
        expect(other.get_by_text("<img src=x").first).to_be_visible(timeout=PATIENCE_MS)
        assert other.locator("main img").count() == 0
    assert page.locator("main img").count() == 0


ATTACK = """<!doctype html><title>other</title><iframe src="{url}/" name="frame"></iframe>
<form method="post" action="{url}/" target="frame"></form><script>
const found = {{}}, polling = "{url}/_nicegui_ws/socket.io/?EIO=4&transport=polling";
const attempt = async (name, action) => {{
  try {{ found[name] = await action(); }} catch (error) {{ found[name] = "refused"; }}
}};
(async () => {{
  await attempt("fetch", async () => (await fetch("{url}/")).text());
  await attempt("opaque", async () => (await (await fetch("{url}/", {{mode: "no-cors"}})).text()) || "refused");
  await attempt("polling", async () => (await fetch(polling)).text());
  await attempt("websocket", () => new Promise((open, refused) => {{
    const socket = new WebSocket("{socket}");
    Object.assign(socket, {{onopen: () => open("open"), onerror: refused}});
  }}));
  await attempt("script", () => new Promise((loaded, refused) => {{
    const script = document.createElement("script");
    Object.assign(script, {{src: polling + "&j=0", onload: () => loaded("loaded"), onerror: refused}});
    document.body.append(script);
  }}));
  await attempt("frame", () => frames.frame.document.title || "refused");
  document.forms[0].submit();
  setTimeout(() => document.title = JSON.stringify(found), 1000);
}})();
</script>"""


def keep(kept: list[Response], reply: Response) -> None:
    """Keep a reply."""
    kept.append(reply)


def test_a_page_of_another_origin_reads_and_presses_nothing(
    browser: Browser, console: ConsoleProcess
) -> None:
    """Not by fetch, form, script, frame or websocket, from another port of this machine or under another name."""
    socket = console.url.replace("http", "ws", 1) + WEBSOCKET
    with Site(ATTACK.format(url=console.url, socket=socket).encode()) as site:
        for origin in (site.origin, site.origin.replace("127.0.0.1", "localhost")):
            page = browser.new_page()
            replies: list[Response] = []
            page.on("response", functools.partial(keep, replies))
            page.goto(origin)
            page.wait_for_function("() => document.title.startsWith('{')", timeout=PATIENCE_MS)
            assert set(json.loads(page.title()).values()) == {"refused"}
            assert {reply.status for reply in replies if reply.url.startswith(console.url)} == {403}
            page.close()


# An event of the page's own socket for each listener of an element, with another token.
GUESS = """(id) => {
  for (const {listener_id} of mounted_app.elements[id].events) {
    const event = {id, client_id: window.clientId, listener_id, args: ['"guess"']};
    window.socket.emit('event', event);
  }
}"""


def test_a_change_without_the_pages_token_changes_nothing(open_page: Open, run: LocalRun) -> None:
    """An event that knows the button but not the token is refused; the button itself switches the fault."""
    page = open_page("/")
    button = page.get_by_role("button", name="S3 is slow")
    button.wait_for(timeout=PATIENCE_MS)
    identity = button.get_attribute("id")
    assert identity is not None
    page.evaluate(GUESS, int(identity[1:]))
    page.wait_for_timeout(1000)
    assert run.control("faults")["rules"] == []
    button.click()
    wait_for(lambda: len(run.control("faults")["rules"]) == 1, "the fault", seconds=60)
    # The button is made anew: a click on the old one may find nobody.
    page.get_by_role("button", name="S3 is slow", pressed=True).click(timeout=PATIENCE_MS)
    wait_for(lambda: run.control("faults")["rules"] == [], "no fault", seconds=60)
