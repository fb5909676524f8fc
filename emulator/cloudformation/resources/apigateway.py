"""REST APIs: recorded with their ids, and served by the local gateway from the resolved properties."""

from collections.abc import Callable, Mapping

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created

ResourceHandler = Callable[[Context, Properties], Created]


def _rest_api(context: Context, properties: Properties) -> Created:
    identifier = context.id(properties.logical_id, 10)
    properties.all()
    return Created(
        identifier, {"RestApiId": identifier, "RootResourceId": context.id(f"{properties.logical_id}/", 10)}
    )


def _stage(_context: Context, properties: Properties) -> Created:
    name = properties.text("StageName")
    properties.all()
    return Created(name)


def _model(context: Context, properties: Properties) -> Created:
    name = properties.text("Name", context.id(properties.logical_id, 10))
    properties.all()
    return Created(name)


def _account(context: Context, properties: Properties) -> Created:
    properties.all()
    return Created(context.name(properties.logical_id), {"Id": context.name(properties.logical_id)})


def _with_id(attribute: str, *required: str) -> Callable[[Context, Properties], Created]:
    """The handler of a type whose Ref is an id of its own, also readable as this attribute."""

    def create(context: Context, properties: Properties) -> Created:
        for name in required:
            properties.require(name)
        properties.all()
        identifier = context.id(properties.logical_id, 10)
        return Created(identifier, {attribute: identifier})

    return create


HANDLERS: Mapping[str, ResourceHandler] = {
    "AWS::ApiGateway::Account": _account,
    "AWS::ApiGateway::Authorizer": _with_id("AuthorizerId", "Name", "RestApiId", "Type"),
    "AWS::ApiGateway::Deployment": _with_id("DeploymentId", "RestApiId"),
    "AWS::ApiGateway::GatewayResponse": _with_id("Id", "RestApiId", "ResponseType"),
    "AWS::ApiGateway::Method": _with_id("Id", "RestApiId", "ResourceId", "HttpMethod"),
    "AWS::ApiGateway::Model": _model,
    "AWS::ApiGateway::RequestValidator": _with_id("RequestValidatorId", "RestApiId"),
    "AWS::ApiGateway::Resource": _with_id("ResourceId", "RestApiId", "ParentId", "PathPart"),
    "AWS::ApiGateway::RestApi": _rest_api,
    "AWS::ApiGateway::Stage": _stage,
}
