"""The API's paths and methods: one is the pipeline's door, the others only answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troposphere import Ref, Sub, Template
from troposphere.apigateway import (
    Integration,
    IntegrationResponse,
    Method,
    MethodResponse,
    Model,
    RequestValidator,
    Resource,
    RestApi,
)
from troposphere.iam import Role

from templates.components.ingest_api.cors import PREFLIGHT, Cors
from templates.components.ingest_api.model import BODY
from templates.components.stream import Stream

JSON = "application/json"

# A mock answers only content types that it has a template for; these are what clients send unasked.
ANY_CONTENT = (
    JSON,
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/xml",
    "multipart/form-data",
    "text/plain",
)

# Longer than a healthy PutRecord ever takes, shorter than a client's patience.
PUT_TIMEOUT_MS = 5000


@dataclass(frozen=True)
class Reply:
    """One answer of a method: its status, what of the integration's answers leads to it, body and headers."""

    status: int
    body: Any = None
    selects: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    may_set: Sequence[str] = ()

    def to_method(self, cors: Cors) -> MethodResponse:
        """The status and headers that the method declares."""
        names = [*cors.declared, *self.headers, *self.may_set]
        return MethodResponse(
            StatusCode=str(self.status),
            ResponseParameters={f"method.response.header.{name}": False for name in names},
        )

    def to_integration(self, cors: Cors) -> IntegrationResponse:
        """What is made of the integration's answer."""
        headers = {**cors.headers, **self.headers}
        optional: dict[str, Any] = {}
        if self.selects is not None:
            optional["SelectionPattern"] = self.selects
        if self.body is not None:
            optional["ResponseTemplates"] = {JSON: self.body}
        return IntegrationResponse(
            StatusCode=str(self.status),
            ResponseParameters={f"method.response.header.{name}": value for name, value in headers.items()},
            **optional,
        )


def velocity(name: str) -> str:
    """A mapping template, from its file beside this module."""
    return Path(__file__).with_name(f"{name}.vtl").read_text(encoding="utf-8")


def add_post(
    template: Template,
    api: RestApi,
    resource: Resource,
    *,
    sink: Stream,
    role: Role,
    cors: Cors,
    signed: bool,
) -> None:
    """POST /metrics: the body, validated and unchanged, becomes one record of the stream."""
    model = template.add_resource(
        Model("IngestApiBodyModel", RestApiId=Ref(api), Name="MetricsBody", ContentType=JSON, Schema=BODY)
    )
    validator = template.add_resource(
        RequestValidator(
            "IngestApiBodyValidator",
            RestApiId=Ref(api),
            Name="body",
            ValidateRequestBody=True,
            ValidateRequestParameters=False,
        )
    )
    replies = (
        Reply(202, cors.preamble + velocity("accepted"), r"2\d{2}"),
        # Kinesis says 400 to too much and too often alike; only the body of its answer tells them apart.
        Reply(400, cors.preamble + velocity("refused"), "400", may_set=["Retry-After"]),
        Reply(413, cors.preamble + velocity("too_large"), "413"),
        # Without a pattern, this is the answer to everything else.
        Reply(503, cors.preamble + velocity("unavailable"), headers={"Retry-After": "'2'"}),
    )
    template.add_resource(
        Method(
            "MetricsPostMethod",
            RestApiId=Ref(api),
            ResourceId=Ref(resource),
            HttpMethod="POST",
            AuthorizationType="AWS_IAM" if signed else "NONE",
            RequestModels={JSON: Ref(model)},
            RequestValidatorId=Ref(validator),
            Integration=Integration(
                Type="AWS",
                IntegrationHttpMethod="POST",
                Uri=Sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:kinesis:action/PutRecord"),
                Credentials=role.get_att("Arn"),
                # Other content types would pass by the model unchecked: 415.
                PassthroughBehavior="NEVER",
                RequestParameters={"integration.request.header.Content-Type": "'application/x-amz-json-1.1'"},
                RequestTemplates={JSON: Sub(velocity("put_record"), Stream=sink.name)},
                TimeoutInMillis=PUT_TIMEOUT_MS,
                IntegrationResponses=[reply.to_integration(cors) for reply in replies],
            ),
            MethodResponses=[reply.to_method(cors) for reply in replies],
        )
    )


def add_answer(
    template: Template, title: str, api: RestApi, resource_id: Any, method: str, reply: Reply, *, cors: Cors
) -> None:
    """A method that always answers the same, without anything behind it."""
    request = f'{{"statusCode": {reply.status}}}'
    template.add_resource(
        Method(
            title,
            RestApiId=Ref(api),
            ResourceId=resource_id,
            HttpMethod=method,
            AuthorizationType="NONE",
            Integration=Integration(
                Type="MOCK",
                PassthroughBehavior="NEVER",
                RequestTemplates=dict.fromkeys(ANY_CONTENT, request),
                IntegrationResponses=[reply.to_integration(cors)],
            ),
            MethodResponses=[reply.to_method(cors)],
        )
    )


def preflight(methods: str, *, cors: Cors) -> Reply:
    """What a browser asks before it posts."""
    return Reply(
        204, cors.preamble or None, headers={**PREFLIGHT, "Access-Control-Allow-Methods": f"'{methods}'"}
    )
