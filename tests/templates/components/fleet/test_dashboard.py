"""The dashboard over all regions."""

import json
from dataclasses import replace

from templates.config import load
from tests.support.dashboards import written_out
from tests.support.generated import Generated, build


def test_the_dashboard_is_one_and_shows_every_region(fleet: Generated) -> None:
    """Per region a widget each for ingest, writer, alerts, exports and store, side by side in a row of its own.

    S3 has no metrics by itself that would say more of the lake than the writer does.
    """
    (dashboard,) = fleet.of("AWS::CloudWatch::Dashboard").values()
    config = fleet.config
    assert dashboard["DashboardName"] == f"metrics-{config.environment}-{config.home}"
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    graphs = [widget for widget in widgets if widget["type"] == "metric"]
    assert [(graph["properties"]["region"], graph["properties"]["title"]) for graph in graphs] == [
        (region, title)
        for region in config.regions
        for title in ("Ingest", "Writer", "Alerts", "Exports", "Store")
        if title != "Store" or config.store.kind == "timestream"
    ]
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells)), "widgets overlap"
    assert {x for x, _ in cells} == set(range(24))


def test_a_line_that_repeats_what_stands_above_it_is_short(fleet: Generated) -> None:
    """A template over the limit cannot be rolled out: names that follow each other are written once."""
    (dashboard,) = fleet.of("AWS::CloudWatch::Dashboard").values()
    config = fleet.config
    own = {"Project": config.project, "Environment": config.environment}
    for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
        for short, line in zip(
            widget["properties"].get("metrics", ()),
            written_out(widget["properties"].get("metrics", ())),
            strict=True,
        ):
            assert "." not in line
            assert len(short) == len(line)
            *names, options = line
            assert options.keys() <= {"stat", "yAxis"}
            if names[0] == "Tidegauge":
                assert dict(zip(names[2::2], names[3::2], strict=True)) == own


def test_two_projects_dashboards_share_only_what_aws_does_not_tell_apart() -> None:
    """Each shows its own API, functions and database, though both have an environment `prod`."""
    prod = load("prod")
    mine, theirs = (
        {
            json.dumps(line[:-1])
            for widget in json.loads(
                build("fleet", replace(prod, project=project)).resources["Dashboard"]["Properties"][
                    "DashboardBody"
                ]
            )["widgets"]
            for line in written_out(widget["properties"].get("metrics", ()))
        }
        for project in ("metrics", "sales")
    )
    assert mine & theirs == {
        json.dumps(["AWS/Timestream", metric, "Operation", "WriteRecords"])
        for metric in ("SystemErrors", "UserErrors")
    }
