"""A web page of another origin posts metrics: Chromium lets the page do so where the API allows its origin."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.browser import Shown, Site, show
from tests.support.local_run import LocalRun
from tests.support.project_copy import copy_project

PAGE = Path(__file__).with_name("page.html")


class World(NamedTuple):
    """A run that allows two origins, the sites at these, and a site at an origin that it does not allow."""

    run: LocalRun
    allowed: tuple[Site, Site]
    other: Site


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The run is that of an environment like dev, but for its origins."""
    project = copy_project(tmp_path_factory.mktemp("project") / "tidegauge")
    page = PAGE.read_bytes()
    with Site(page) as one, Site(page) as two, Site(page) as other:
        dev = (project / "environments" / "dev.toml").read_text()
        origins = f"cors_origins = {json.dumps([one.origin, two.origin])}"
        ours, count = re.subn(r"^cors_origins = .*$", origins, dev, flags=re.MULTILINE)
        assert count == 1
        (project / "environments" / "pages.toml").write_text(ours)
        run = LocalRun("--no-feed", "--environment", "pages", project=project)
        try:
            yield World(run, (one, two), other)
        finally:
            run.kill()


Post = Callable[..., tuple[Shown, dict[str, str]]]


@pytest.fixture
def post(world: World, tmp_path: Path) -> Post:
    """Has the page of a site post a body; the browser's view of it, and the texts that the page then shows."""

    def open_and_post(site: Site, body: str, **query: str) -> tuple[Shown, dict[str, str]]:
        to = world.run.environment["TIDEGAUGE_URL"]
        shown = show(site.origin, {"to": to, "body": body, **query}, tmp_path / "profile")
        return shown, dict(re.findall(r'<output id="(\w+)">([^<]*)</output>', shown.document))

    return open_and_post


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("gzip", ["", "yes"])
def test_a_page_of_an_allowed_origin_posts_a_point(world: World, post: Post, which: int, gzip: str) -> None:
    """The point is stored, the page reads the answer's request id, and the browser has nothing to say."""
    name = f"page.{which}.{gzip or 'plain'}"
    shown, texts = post(
        world.allowed[which], json.dumps({"metric_name": name, "value": which + 0.1}), gzip=gzip
    )
    assert texts["status"] == "202"
    assert re.fullmatch(r"[\w+/=-]{10,}", texts["request"])
    assert "CORS" not in shown.console
    world.run.wait_until_stored(name, 1)
    assert world.run.select(f"SELECT value FROM {{table}} WHERE metric_name = '{name}'") == [
        [float(f"{which}.1")]
    ]


def test_a_page_of_an_allowed_origin_reads_why_it_was_refused(world: World, post: Post) -> None:
    """Refusals carry the header too, or the page would learn nothing but that something failed."""
    _, texts = post(world.allowed[0], '{"metric_name": "page.bad"}')
    assert texts["status"] == "400"
    assert texts["request"]
    assert "value" in texts["reason"]


def test_the_browser_refuses_a_page_of_another_origin(world: World, post: Post) -> None:
    """The browser asks first, is not told that the origin may post, and sends nothing: no request, no point."""
    before = world.run.control("status")["us-east-1"]
    shown, texts = post(world.other, '{"metric_name": "page.other", "value": 1}')
    assert texts["status"] == "TypeError: Failed to fetch"
    assert texts["request"] == ""
    assert f"from origin '{world.other.origin}' has been blocked by CORS policy" in shown.console
    after = world.run.control("status")["us-east-1"]
    assert after["accepted"] == before["accepted"]
    assert after["requests"].get("202", 0) == before["requests"].get("202", 0)
    assert world.run.stored("page.other") == 0
