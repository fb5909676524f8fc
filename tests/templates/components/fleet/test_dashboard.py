"""The dashboard over all regions."""

import json

from tests.support.generated import Generated


def test_the_dashboard_is_one_and_shows_every_region(fleet: Generated) -> None:
    """Per region a widget each for ingest, writer, alerts, exports and store, side by side in a row of its own."""
    (dashboard,) = fleet.of("AWS::CloudWatch::Dashboard").values()
    config = fleet.config
    assert dashboard["DashboardName"] == f"metrics-{config.environment}-{config.home}"
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    graphs = [widget for widget in widgets if widget["type"] == "metric"]
    assert [(graph["properties"]["region"], graph["properties"]["title"]) for graph in graphs] == [
        (region, title)
        for region in config.regions
        for title in ("Ingest", "Writer", "Alerts", "Exports", "Store")
    ]
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells)), "widgets overlap"
    assert {x for x, _ in cells} == set(range(24))
