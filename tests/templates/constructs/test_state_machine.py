"""State machines: their definitions are complete, and their logs do not end them."""

import json
import re

from tests.support.generated import Generated


def test_every_token_of_a_machine_has_a_value(regional: Generated) -> None:
    """A token without a value would be deployed as its name, and one without a use hides a mistake."""
    machines = regional.of("AWS::StepFunctions::StateMachine")
    assert len(machines) == 2 + regional.config.operators.heartbeat
    for title, machine in machines.items():
        tokens = set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"]))
        assert tokens == set(machine["DefinitionSubstitutions"]) - ({"Partition"} - tokens), title


def test_a_definition_is_the_file_without_its_spaces(regional: Generated) -> None:
    """An embedded definition counts against the template's size."""
    for machine in regional.of("AWS::StepFunctions::StateMachine").values():
        text = machine["DefinitionString"]
        assert text == json.dumps(json.loads(text), separators=(",", ":"))


def test_a_machines_log_has_the_prefix_that_keeps_its_resource_policy_short(regional: Generated) -> None:
    """Log groups elsewhere are each written into the account's policy for deliveries, which takes 5,120 characters."""
    for machine in regional.of("AWS::StepFunctions::StateMachine").values():
        (destination,) = machine["LoggingConfiguration"]["Destinations"]
        title, _ = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"]
        name = regional.resources[title]["Properties"]["LogGroupName"]["Fn::Sub"]
        assert name.startswith("/aws/vendedlogs/states/${AWS::StackName}-")
