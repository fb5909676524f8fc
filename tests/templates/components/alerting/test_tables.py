"""The alerts' tables."""

from handlers.vocabulary import EXPIRES_AT
from tests.support.generated import Generated


def test_changes_of_rules_and_the_end_of_alerts_reach_who_relies_on_them(regional: Generated) -> None:
    """The rules' stream has both images; windows and alerts go when they expire."""
    tables = regional.of("AWS::DynamoDB::Table")
    assert tables["AlertRulesTable"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    for title in ("AlertWindowsTable", "AlertsTable"):
        assert tables[title]["TimeToLiveSpecification"] == {"AttributeName": EXPIRES_AT, "Enabled": True}
