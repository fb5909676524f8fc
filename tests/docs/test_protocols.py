"""docs/protocols.md: the versions that it names are those that are tested, and its configurations are ones."""

import json
import re

import pytest
import yaml

from handlers.domain.ingest.formats.otlp.rows import BUCKET_ROWS
from ops.bill.bill import bill
from ops.bill.load import Load
from tests.support.bill import deployed
from tests.support.documents import ROOT, blocks

PAGE = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")


def _tested(client: str) -> str:
    """The cell of the table that says which version was tested."""
    [line] = [line for line in PAGE.splitlines() if line.startswith("| [") and client in line.split("|")[1]]
    return line.split("|")[2].strip()


@pytest.mark.parametrize(
    ("client", "package"),
    [
        ("SDK for Python", "opentelemetry-sdk"),
        ("[influxdb-client]", "influxdb-client"),
        ("[influxdb3-python]", "influxdb3-python"),
        ("[influxdb]", "influxdb"),
    ],
)
def test_the_versions_are_those_that_are_installed(client: str, package: str) -> None:
    """As requirements/clients.in pins them."""
    [version] = re.findall(
        rf"^{package}==(\S+)",
        (ROOT / "requirements" / "clients.in").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert _tested(client).startswith(version)


def test_the_version_for_javascript_is_the_one_that_is_installed() -> None:
    """As its package.json has it, exporters too."""
    package = json.loads(
        (ROOT / "tests" / "clients" / "javascript" / "package.json").read_text(encoding="utf-8")
    )
    said = _tested("SDK for JavaScript")
    for name in ("sdk-metrics", "exporter-metrics-otlp-http", "exporter-metrics-otlp-proto"):
        assert package["dependencies"][f"@opentelemetry/{name}"] in said


def test_the_collectors_configurations_are_whole() -> None:
    """What their pipelines name is there."""
    texts = [one.text for one in blocks() if (one.name, one.language) == ("docs/protocols.md", "yaml")]
    collectors = [parts for parts in map(yaml.safe_load, texts) if "service" in parts]
    assert len(collectors) == len(texts) - 1  # the other one is Prometheus's own
    for parts in collectors:
        for pipeline in parts["service"]["pipelines"].values():
            assert set(pipeline["receivers"]) <= parts["receivers"].keys()
            assert set(pipeline["exporters"]) <= parts["exporters"].keys()


@pytest.mark.parametrize("language", ["shell", "python", "apache"])
def test_the_readme_shows_lines_of_this_page(language: str) -> None:
    """So that what is tested stands there, too."""
    shown, page = (
        {
            line
            for one in blocks()
            if (one.name, one.language) == (name, language)
            for line in one.text.splitlines()
        }
        for name in ("README.md", "docs/protocols.md")
    )
    assert shown
    assert shown <= page


def test_a_histogram_costs_what_is_said() -> None:
    """By the rows that one becomes, exported each minute of a month, and the price of a million points."""
    most = BUCKET_ROWS + 4
    assert f"at most {most} points each time" in PAGE
    for environment, name in (("dev", "`dev`"), ("prod", "a region of `prod`"), ("lake", "`lake`")):
        price = bill(deployed(environment), Load(100)).per_million
        default, bound = (rows * 730 * 60 / 1e6 * price for rows in (20, most))
        assert f"| {name} | ${default:.2f} | ${bound:.2f} |" in PAGE
