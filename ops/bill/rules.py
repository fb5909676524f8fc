"""The price rule of each type of resource: priced, free, or priced with another or by a use that nobody can foresee."""

from collections.abc import Callable, Iterator, Mapping

from ops.bill import flow, watching
from ops.bill.lines import Line
from ops.bill.load import Load
from ops.bill.template import Deployed

PRICED: Mapping[str, Callable[[Deployed, Load], Iterator[Line]]] = {
    "AWS::ApiGateway::RestApi": flow.api,
    "AWS::Kinesis::Stream": flow.stream,
    "AWS::Lambda::Function": flow.functions,
    "AWS::StepFunctions::StateMachine": flow.machines,
    "AWS::Scheduler::Schedule": flow.schedules,
    "AWS::DynamoDB::Table": flow.tables,
    "AWS::Timestream::Table": flow.store,
    "AWS::S3::Bucket": flow.buckets,
    "AWS::EC2::VPCEndpoint": flow.endpoints,
    "AWS::CloudWatch::Alarm": watching.alarms,
    "AWS::CloudWatch::Dashboard": watching.dashboards,
    "AWS::Logs::LogGroup": watching.logs,
    "AWS::ApiGateway::Stage": watching.traces,
    "AWS::KMS::Key": watching.keys,
}

ELSEWHERE: Mapping[str, str] = {
    "AWS::Athena::WorkGroup": "by what people's queries read: $5 a TB",
    "AWS::EC2::FlowLog": "with the logs",
    "AWS::Glue::Table": "$1 a month for 100,000 partitions, the first million free for ever",
    "AWS::Lambda::EventSourceMapping": "with its function and its stream",
    "AWS::SNS::Subscription": "by what alerts send: $0.50 a million, $2 for 100,000 e-mails",
    "AWS::SNS::Topic": "by what alerts send: $0.50 a million",
    "AWS::Timestream::Database": "with its table",
    "AWS::XRay::SamplingRule": "with the traces that it lets through",
}

FREE: Mapping[str, str] = dict.fromkeys(
    (
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::GatewayResponse",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::RequestValidator",
        "AWS::ApiGateway::Resource",
        "AWS::CloudFormation::StackSet",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::Glue::Database",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::Scheduler::ScheduleGroup",
    ),
    "AWS asks nothing for it",
)


def lines_of(deployed: Deployed, load: Load) -> list[Line]:
    """The lines of a month that cost something, by component; ValueError for a type of resource without a rule."""
    if unknown := deployed.kinds() - {*PRICED, *ELSEWHERE, *FREE}:
        raise ValueError(f"no price rule for {', '.join(sorted(unknown))}")
    rules = [rule for kind, rule in PRICED.items() if kind in deployed.kinds()]
    # Functions report their metrics in their logs, so these are no resources; the templates show which are read.
    lines = [line for rule in (*rules, watching.metrics) for line in rule(deployed, load)]
    return sorted((line for line in lines if line.units), key=lambda line: (line.component, -line.monthly))
