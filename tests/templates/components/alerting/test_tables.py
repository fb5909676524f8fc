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
    assert granted(regional, "AlertSilencesTable") == {("AlertEvaluatorRole", "dynamodb:Scan")}


def test_whoever_looks_up_the_alerts_of_a_rule_may_query_them(regional: Generated) -> None:
    """To end them, and for rules with `unless`: when intervals are made up for, alerts that are over count too."""
    queries = {title for title, action in granted(regional, "AlertsTable") if action == "dynamodb:Query"}
    assert queries == {"AlertEvaluatorRole", "RuleChangesRole"}


def granted(regional: Generated, table: str) -> set[tuple[str, str]]:
    """The actions on a table itself that roles may take, each with its role."""
    arn = {"Fn::GetAtt": [table, "Arn"]}
    return {
        (title, action)
        for title, role in regional.of("AWS::IAM::Role").items()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if arn in statement["Resource"]
        for action in statement["Action"]
    }
