"""The forwarders: what each may do, and who may invoke it."""

from dataclasses import replace

from templates.config import load
from templates.config.alerting import FORWARDED, Subscription
from tests.support.generated import Generated, build, other


def forwarders(stack: Generated) -> dict[str, Subscription]:
    """The title of each forwarder's resources, with its subscription."""
    titles = {
        function["Environment"]["Variables"]["SECRET_PARAMETER"]: title.removesuffix("Function")
        for title, function in stack.of("AWS::Lambda::Function").items()
        if title.startswith("AlertForwarder")
    }
    return {
        titles[one.endpoint]: one for one in stack.config.alerts.subscriptions if one.protocol in FORWARDED
    }


def test_each_receiver_has_a_function_that_reads_its_own_secret_alone() -> None:
    """And the alerts by their keys; the topic may invoke it, and nobody else."""
    stack = build("regional", other())
    found = forwarders(stack)
    assert {one.protocol for one in found.values()} == {"slack", "pagerduty"}
    for title, subscription in found.items():
        [policy] = stack.of("AWS::IAM::Role")[f"{title}Role"]["Policies"]
        grants = {
            action: statement["Resource"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in statement["Action"]
        }
        assert {action for action in grants if not action.startswith(("logs:", "xray:"))} == {
            "dynamodb:BatchGetItem", "kms:Decrypt", "ssm:GetParameter",
        }  # fmt: skip
        [parameter] = grants["ssm:GetParameter"]
        assert parameter["Fn::Sub"].endswith(f":parameter{subscription.endpoint}")
        assert stack.of("AWS::Lambda::Permission")[f"{title}Permission"] == {
            "FunctionName": {"Fn::GetAtt": [f"{title}Function", "Arn"]},
            "Action": "lambda:InvokeFunction",
            "Principal": "sns.amazonaws.com",
            "SourceArn": {"Ref": "AlertTopic"},
        }


def test_it_reaches_its_service_from_a_private_network_too() -> None:
    """By being outside of it, as what SNS sends itself is; no endpoint is paid for it."""
    stack = build("regional", other())
    assert stack.config.network.private
    for title in forwarders(stack):
        assert "VpcConfig" not in stack.of("AWS::Lambda::Function")[f"{title}Function"]
    assert not any("ssm" in str(one) for one in stack.of("AWS::EC2::VPCEndpoint").values())


def test_a_receiver_keeps_its_resources_when_others_come_and_go() -> None:
    """Its titles are made of what it is."""
    config = load("dev")
    slack, pager = Subscription("slack", "/a"), Subscription("pagerduty", "/a")
    alone, both = (
        build("regional", replace(config, alerts=replace(config.alerts, subscriptions=some)))
        for some in ((slack,), (pager, slack))
    )
    titles = {title for title in both.resources if title.startswith("AlertForwarder")}
    assert {title for title in alone.resources if title.startswith("AlertForwarder")} < titles
