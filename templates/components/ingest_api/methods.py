"""The API's methods: those that put a body on the stream, and those that only answer."""

from collections.abc import Mapping
from typing import Any

from troposphere import Ref, Sub, Template
from troposphere.apigateway import Integration, Method, Model, RequestValidator, Resource, RestApi
from troposphere.iam import Role

from templates.components.ingest_api.authorization import Authorization
from templates.components.ingest_api.formats.format import BodyModel, Format
from templates.components.ingest_api.replies import AS_TEXT, GZIP, JSON, PROTOBUF, Cors, Reply
from templates.components.stream import Stream

# A mock answers only content types that it has a template for; these are what clients send unasked.
ANY_CONTENT = (
    GZIP,
    JSON,
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    PROTOBUF,
    "application/xml",
    "multipart/form-data",
    "text/plain",
)

# Longer than a healthy PutRecord ever takes, shorter than clients wait.
PUT_TIMEOUT_MS = 5000


def add_post(
    template: Template,
    api: RestApi,
    resource: Resource,
    format_: Format,
    *,
    sink: Stream,
    role: Role,
    cors: Cors,
    authorization: Authorization,
) -> None:
    """POST of a format: the body, held against its model if it has one, becomes one record of the stream unchanged."""
    template.add_resource(
        Method(
            f"{format_.name}PostMethod",
            RestApiId=Ref(api),
            ResourceId=Ref(resource),
            HttpMethod="POST",
            **authorization.properties,
            **(_validated(template, api, format_.model) if format_.model else {}),
            Integration=Integration(
                Type="AWS",
                IntegrationHttpMethod="POST",
                Uri=Sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:kinesis:action/PutRecord"),
                Credentials=role.get_att("Arn"),
                ContentHandling=AS_TEXT,
                # Other content types would pass by the model unchecked: 415.
                PassthroughBehavior="NEVER",
                RequestParameters={"integration.request.header.Content-Type": "'application/x-amz-json-1.1'"},
                RequestTemplates={
                    content_type: Sub(
                        template_.replace("${Client}", authorization.client), Stream=Ref(sink.resource)
                    )
                    for content_type, template_ in format_.requests.items()
                },
                TimeoutInMillis=PUT_TIMEOUT_MS,
                IntegrationResponses=[reply.to_integration(cors) for reply in format_.replies],
            ),
            MethodResponses=[reply.to_method(cors) for reply in format_.replies],
        )
    )


def _validated(template: Template, api: RestApi, model: BodyModel) -> dict[str, Any]:
    """The properties of a method whose JSON bodies are held against a model."""
    body = template.add_resource(
        Model(
            f"IngestApi{model.title}Model",
            RestApiId=Ref(api),
            Name=model.name,
            ContentType=JSON,
            Schema=model.schema,
        )
    )
    title = "IngestApiBodyValidator"
    if title not in template.resources:
        template.add_resource(
            RequestValidator(
                title,
                RestApiId=Ref(api),
                Name="body",
                ValidateRequestBody=True,
                ValidateRequestParameters=False,
            )
        )
    return {
        "RequestModels": {JSON: Ref(body)},
        "RequestValidatorId": Ref(title),
    }


def add_answers(
    template: Template, name: str, api: RestApi, path: Any, replies: Mapping[str, Reply], *, cors: Cors
) -> None:
    """A path's methods that always answer the same, without anything behind them."""
    for method, reply in replies.items():
        request = f'{{"statusCode": {reply.status}}}'
        template.add_resource(
            Method(
                f"{name}{method.title()}Method",
                RestApiId=Ref(api),
                ResourceId=path,
                HttpMethod=method,
                AuthorizationType="NONE",
                Integration=Integration(
                    Type="MOCK",
                    ContentHandling=AS_TEXT,
                    PassthroughBehavior="NEVER",
                    RequestTemplates=dict.fromkeys(ANY_CONTENT, request),
                    IntegrationResponses=[reply.to_integration(cors)],
                ),
                MethodResponses=[reply.to_method(cors)],
            )
        )
