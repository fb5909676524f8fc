"""The tags that CloudFormation puts on what it makes, by which people find it again.

Not on everything: tables, keys and roles have `"cloudFormationSystemTags": false` in their schemas. A test compares.
"""

from collections.abc import Mapping
from typing import Any

from emulator.cloudformation.resources.context import Context
from emulator.errors import TemplateError

# Dashboards and Timestream's databases and tables would have them, too, but take a caller's tags only here, or none.
TAGGED = frozenset({
    "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::CloudWatch::Alarm",
    "AWS::EC2::FlowLog", "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint", "AWS::Kinesis::Stream",
    "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::S3::Bucket",
    "AWS::SNS::Topic", "AWS::Scheduler::ScheduleGroup", "AWS::StepFunctions::StateMachine",
})  # fmt: skip


def with_system_tags(
    context: Context, resource_type: str, logical_id: str, properties: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A resource's properties with CloudFormation's tags behind its own; TemplateError if those pretend to be AWS's."""
    own = properties.get("Tags", [])
    for tag in own if isinstance(own, list) else ():
        if str(tag["Key"]).lower().startswith("aws:"):
            raise TemplateError(f"aws: is reserved, so {tag['Key']} is refused", at=(logical_id, "Tags"))
    if resource_type not in TAGGED:
        return properties
    told = {"logical-id": logical_id, "stack-id": context.stack_id, "stack-name": context.stack_name}
    tags = [{"Key": f"aws:cloudformation:{name}", "Value": value} for name, value in told.items()]
    return {**properties, "Tags": [*own, *tags]}
