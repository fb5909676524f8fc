"""The alerts' tables."""

from handlers.vocabulary import EXPIRES_AT
from tests.support.generated import Generated


def test_changes_of_rules_and_the_end_of_alerts_reach_who_relies_on_them(regional: Generated) -> None:
    """The rules' stream has both images; windows, alerts and silences go when they expire."""
    tables = regional.of("AWS::DynamoDB::Table")
    assert tables["AlertRulesTable"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    for title in ("AlertWindowsTable", "AlertsTable", "AlertSilencesTable"):
        assert tables[title]["TimeToLiveSpecification"] == {"AttributeName": EXPIRES_AT, "Enabled": True}


def test_silences_outlive_the_stack_and_the_evaluator_only_reads_them(regional: Generated) -> None:
    """They are what people said; whoever may write them needs no right on rules or alerts, and no function has it."""
    table = regional.of("AWS::DynamoDB::Table")["AlertSilencesTable"]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert regional.resources["AlertSilencesTable"]["DeletionPolicy"] == "RetainExceptOnCreate"
    arn = {"Fn::GetAtt": ["AlertSilencesTable", "Arn"]}
    granted = {
        (title, action)
        for title, role in regional.of("AWS::IAM::Role").items()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if arn in statement["Resource"]
        for action in statement["Action"]
    }
    assert granted == {("AlertEvaluatorRole", "dynamodb:Scan")}
