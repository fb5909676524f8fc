"""The ingest API: a POST in one of its formats puts the body on the stream, with no function in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from awacs import execute_api
from awacs.aws import Statement
from troposphere import Ref, Sub, Template
from troposphere.apigateway import EndpointConfiguration, Resource, RestApi, Stage

from handlers.vocabulary import HEARTBEAT
from templates.components.clients import Clients
from templates.components.ingest_api.authorization import SIGNED, add_authorization
from templates.components.ingest_api.formats import formats_of
from templates.components.ingest_api.formats.format import Format
from templates.components.ingest_api.gateway_responses import add_gateway_responses
from templates.components.ingest_api.methods import add_answers, add_post
from templates.components.ingest_api.replies import GZIP, PROTOBUF, Cors, Reply, failure, preflight, velocity
from templates.components.ingest_api.resource_policy import resource_policy
from templates.components.ingest_api.stage import add_stage
from templates.components.platform import Platform
from templates.components.stream import Stream
from templates.config import Config
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import add_role, allow
from templates.names import INGEST_API, ROLE_PATH
from templates.version import version

_URL = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"
_ARN = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/${Stage}"


@dataclass(frozen=True)
class IngestApi:
    """The API as it is served, and the grant of the one who sends its heartbeats."""

    resource: RestApi
    stage: Stage

    @property
    def host(self) -> Sub:
        """The name of its host."""
        return Sub("${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}", Api=Ref(self.resource))

    def send_heartbeats(self) -> list[Statement]:
        """The grant to post heartbeats, and nothing else."""
        posted = Sub(f"{_ARN}/POST/{HEARTBEAT}", Api=Ref(self.resource), Stage=Ref(self.stage))
        return [allow([execute_api.Invoke], [posted], Sid="SendHeartbeats")]


def add_ingest_api(
    template: Template,
    config: Config,
    platform: Platform,
    *,
    sink: Stream,
    clients: Clients | None = None,
    formats: Sequence[Format] | None = None,
) -> IngestApi:
    """The API with every answer it gives: what is accepted is on the stream, what is not is said so.

    Whoever posts needs a token of one of the clients, where there are any. It takes the formats that there are, unless
    others are given.
    """
    cors = Cors(config.api.cors_origins)
    role = add_role(
        template,
        "IngestApiRole",
        service="apigateway.amazonaws.com",
        description="What the ingest API may do",
        statements=sink.put(),
    )
    policy = resource_policy(config.api, stage=config.environment, own_roles=config.name(ROLE_PATH))
    api = template.add_resource(
        RestApi(
            "IngestApi",
            Name=config.name(INGEST_API),
            Description=f"Takes metrics for {config.stack_name}",
            EndpointConfiguration=EndpointConfiguration(Types=["REGIONAL"]),
            # gzip bodies are unpacked before they are validated, but none that is smaller than this: so zero.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-enable-compression.html
            MinimumCompressionSize=0,
            # Of all other types the bytes that are no UTF-8 would be lost. CloudFormation wants ~1 for the slash.
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-restapi.html
            BinaryMediaTypes=[media_type.replace("/", "~1") for media_type in (GZIP, PROTOBUF)],
            **({"Policy": policy} if policy else {}),
        )
    )
    authorization = add_authorization(template, config, api, clients=clients)
    for format_ in (
        formats_of(config.stream, heartbeats=config.operators.heartbeat) if formats is None else formats
    ):
        path = add_path(template, format_.name, api, format_.path)
        allowed = SIGNED if format_.signed else authorization
        add_post(template, api, path, format_, sink=sink, role=role, cors=cors, authorization=allowed)
        add_answers(template, format_.name, api, Ref(path), refusals("POST", cors), cors=cors)
    _add_fixed_answers(template, config, api, cors)
    add_gateway_responses(template, config, api, cors=cors)
    parts = [part for part in template.resources.values() if "RestApiId" in part.properties]
    stage = add_stage(template, config, platform, api, parts)
    served = {"Api": Ref(api), "Stage": Ref(stage)}
    add_outputs(
        template,
        ("BaseUrl", Sub(_URL, **served), "What every path of the API stands below"),
        ("IngestUrl", Sub(f"{_URL}/metrics", **served), "Where to POST metrics"),
        (
            "IngestArn",
            Sub(f"{_ARN}/POST/*", **served),
            "What a signed client's permission execute-api:Invoke has to name",
        ),
        ("HealthUrl", Sub(f"{_URL}/health", **served), "Says what is deployed here"),
    )
    return IngestApi(api, stage)


def _add_fixed_answers(template: Template, config: Config, api: RestApi, cors: Cors) -> None:
    """The paths that tell who is there, and the answer to every path that there is not."""
    names = {"Project": config.project, "Environment": config.environment, "Version": version()}
    health = {"GET": Reply(200, Sub(velocity("health"), **names)), **refusals("GET", cors)}
    path = add_path(template, "Health", api, "health")
    add_answers(template, "Health", api, Ref(path), health, cors=cors)
    # What clients of InfluxDB ask before they write, and take a version from.
    pong = Reply(204, headers={"X-Influxdb-Version": f"'Tidegauge {version()}'"})
    path = add_path(template, "Ping", api, "ping")
    pings = {"GET": pong, "HEAD": pong, **refusals("GET,HEAD", cors)}
    add_answers(template, "Ping", api, Ref(path), pings, cors=cors)
    # Without these, API Gateway answers 403 to a path it does not know.
    unknown = {"ANY": Reply(404, failure("There is nothing here", "not found"))}
    path = add_path(template, "Other", api, "{proxy+}")
    add_answers(template, "Other", api, Ref(path), unknown, cors=cors)
    add_answers(template, "Root", api, api.get_att("RootResourceId"), unknown, cors=cors)


def add_path(template: Template, name: str, api: RestApi, path: str) -> Resource:
    """The resource of a path, below those of its first parts, which are added unless another path has them."""
    parent: Any = api.get_att("RootResourceId")
    *above, last = path.split("/")
    for depth, part in enumerate(above, 1):
        title = "".join(part.title() for part in above[:depth]) + "PathResource"
        if title not in template.resources:
            template.add_resource(Resource(title, RestApiId=Ref(api), ParentId=parent, PathPart=part))
        parent = Ref(title)
    return template.add_resource(
        Resource(f"{name}Resource", RestApiId=Ref(api), ParentId=parent, PathPart=last)
    )


def refusals(allowed: str, cors: Cors) -> dict[str, Reply]:
    """A path's other methods: 405 with what is allowed, and a browser's preflight where one may come."""
    allow = f"{allowed},OPTIONS" if cors.origins else allowed
    wrong = Reply(
        405,
        failure("This path does not know that method", "method not allowed"),
        headers={"Allow": f"'{allow}'"},
    )
    return {"ANY": wrong, **({"OPTIONS": preflight(allow)} if cors.origins else {})}
