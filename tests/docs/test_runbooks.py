"""The runbooks: a section for each alarm, found by what the alarm says, with a command to look first."""

import re
from functools import cache

import pytest

from tests.support.documents import ROOT
from tests.support.generated import generated, with_warnings

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if path.name != "README.md")
LABELS = ["Means", "People see", "Look first", "Do", "Over when", "It is not"]
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_LONGEST_DESCRIPTION = 1024


@cache
def sections() -> dict[str, str]:
    """The text of each section, by its place as a link names it."""
    found = {}
    for page in PAGES:
        for part in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            heading, _, text = part.partition("\n")
            found[f"docs/runbooks/{page.name}#{heading.lower()}"] = text
    return found


@cache
def links() -> dict[str, str]:
    """The place that each alarm's description ends with, by its logical id; warnings and whatever is off included."""
    return {
        title: alarm["AlarmDescription"]
        for stack in generated()
        if stack.stack == "regional"
        for title, alarm in with_warnings(stack).of("AWS::CloudWatch::Alarm").items()
    }


def test_every_alarm_has_a_section_and_every_section_an_alarm() -> None:
    """Its description ends with the way there, and is no longer than CloudWatch takes."""
    named = set()
    for title, description in links().items():
        assert len(description) <= _LONGEST_DESCRIPTION, title
        found = re.search(r" Runbook: (docs/runbooks/[a-z-]+\.md#[a-z]+)$", description)
        assert found, title
        assert (
            found[1].rpartition("#")[2]
            == re.sub(r"[0-9a-f]{8}(?=[A-Z])", "", title).removesuffix("Alarm").lower()
        )
        named.add(found[1])
    assert named == sections().keys()


@pytest.mark.parametrize("place", sorted(sections()))
def test_a_section_says_what_to_look_at_first(place: str) -> None:
    """What it means, what people see, a command, what to do, when it is over, and what it is not."""
    labels = re.findall(r"^- \*\*([^*]+)\*\*: ", sections()[place], flags=re.MULTILINE)
    assert labels == LABELS
    look = sections()[place].partition("**Look first**")[2].partition("**Do**")[0]
    assert "`python -m ops " in " ".join(look.split())


def test_links_between_runbooks_lead_somewhere() -> None:
    """To a page, and to a heading of it."""
    for page in RUNBOOKS.glob("*.md"):
        for path, heading in re.findall(r"\]\(([^)#:]*)(?:#([a-z-]+))?\)", page.read_text(encoding="utf-8")):
            there = (page.parent / path).resolve()
            headings = re.findall(r"^#+ (.*)", there.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert not heading or heading in {one.lower().replace(" ", "-") for one in headings}, (
                page.name,
                path,
            )
