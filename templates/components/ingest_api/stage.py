"""The stage that makes the API reachable, called after the environment: deployment, access log and alarms."""

import hashlib
import json
from collections.abc import Sequence

from troposphere import AWSObject, Ref, Template
from troposphere.apigateway import AccessLogSetting, Deployment, MethodSetting, RestApi, Stage
from troposphere.xray import SamplingRule, SamplingRuleProperty

from templates.components.platform import Platform
from templates.config import Config
from templates.constructs.alarms import Alarm
from templates.constructs.logs import add_log_group
from templates.names import SAMPLING_RULE

# Nothing here is the client's to choose but its address, so a line is always one JSON object; no bodies.
ACCESS_LOG = {
    "request_id": "$context.extendedRequestId",
    "time": "$context.requestTimeEpoch",
    "source_ip": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "error": "$context.error.responseType",
    "integration_status": "$context.integration.status",
    "latency_ms": "$context.responseLatency",
    "integration_ms": "$context.integration.latency",
    "trace": "$context.xrayTraceId",
}

ALARMS = (
    Alarm(
        "Unavailable",
        "5XXError",
        "Average",
        0.01,
        "One request in a hundred got 503 for three minutes of five: Kinesis throttles, fails or is not allowed, or "
        "requests are over the throttle. Clients that retry lose nothing yet.",
        periods=5,
        datapoints=3,
    ),
    Alarm(
        "Refused",
        "4XXError",
        "Average",
        0.2,
        "A fifth of all requests, of ten in five minutes at least, is refused for a quarter of an hour: a client is "
        "broken or unsigned. The access log says which.",
        period_s=300,
        periods=3,
        datapoints=3,
        at_least=10,  # or one request of whoever tries doors would be all of a quiet quarter's
        warning=True,
    ),
    Alarm(
        "Slow",
        "Latency",
        "p99",
        2000,
        "One request in a hundred takes over 2 s for ten minutes; it is usually under 0.1 s. Clients with a short "
        "timeout start to send twice.",
        periods=10,
        datapoints=10,
        warning=True,
    ),
)


def add_stage(
    template: Template, config: Config, platform: Platform, api: RestApi, parts: Sequence[AWSObject]
) -> Stage:
    """Deploy the API as it is: a change to any of its parts makes a new deployment, no change makes none."""
    deployment = template.add_resource(
        Deployment(
            f"IngestApiDeployment{fingerprint([api, *parts])}",
            RestApiId=Ref(api),
            # It is a snapshot: whatever is not there yet is missing from it for ever.
            DependsOn=sorted(part.title for part in parts),
        )
    )
    caller = {"caller": "$context.authorizer.client"} if config.api.auth == "token" else {}
    log = add_log_group(template, "IngestApiAccessLog", config.logs, key_arn=platform.key.arn)
    stage = template.add_resource(
        Stage(
            "IngestApiStage",
            RestApiId=Ref(api),
            DeploymentId=Ref(deployment),
            StageName=config.environment,
            TracingEnabled=config.tracing.mode != "off",
            AccessLogSetting=AccessLogSetting(
                DestinationArn=log.get_att("Arn"), Format=json.dumps(ACCESS_LOG | caller)
            ),
            MethodSettings=[
                MethodSetting(
                    ResourcePath="/*",
                    HttpMethod="*",
                    MetricsEnabled=False,
                    # Execution logs would go to a group of AWS's making, kept for ever.
                    LoggingLevel="OFF",
                    DataTraceEnabled=False,
                    ThrottlingRateLimit=config.api.throttle_rate,
                    ThrottlingBurstLimit=config.api.throttle_burst,
                )
            ],
        )
    )
    if config.tracing.mode != "off":
        _add_sampling_rule(template, config, api)
    names = {"ApiName": api.Name, "Stage": config.environment}
    platform.runtime.watch(template, "IngestApi", ALARMS, "AWS/ApiGateway", **names)
    return stage


def _add_sampling_rule(template: Template, config: Config, api: RestApi) -> None:
    """Trace a share of the requests; by X-Ray's default it were one a second and a twentieth of the rest.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-configuring-xray-sampling-rules.html
    """
    template.add_resource(
        SamplingRule(
            "IngestApiSamplingRule",
            SamplingRule=SamplingRuleProperty(
                RuleName=config.name(SAMPLING_RULE),
                ServiceName=f"{api.Name}/{config.environment}",
                ServiceType="AWS::ApiGateway::Stage",
                ReservoirSize=0,
                FixedRate=config.tracing.percent / 100,
                # Behind whatever rules the account has of its own.
                Priority=9000,
                Version=1,
                **dict.fromkeys(("Host", "HTTPMethod", "ResourceARN", "URLPath"), "*"),
            ),
        )
    )


def fingerprint(parts: Sequence[AWSObject]) -> str:
    """Ten characters that change with any of the parts."""
    content = json.dumps({part.title: part.to_dict() for part in parts}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:10]
