"""The authorization of the API's callers: by AWS signatures, by their tokens, or none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Sub, Template
from troposphere.apigateway import Authorizer, RestApi

from templates.components.clients import Clients
from templates.config import Config
from templates.constructs.policy import add_role

# A token that was revoked is refused at once all the same: revoking it empties this cache.
CACHED_S = 300
_INVOKED = (
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function}/invocations"
)


@dataclass(frozen=True)
class Authorization:
    """The properties of a method that only known callers may use, and what a mapping template calls the caller."""

    properties: Mapping[str, Any]
    client: str = "-"


SIGNED = Authorization({"AuthorizationType": "AWS_IAM"})


def add_authorization(
    template: Template, config: Config, api: RestApi, *, clients: Clients | None
) -> Authorization:
    """The authorization that the settings ask for: by the function that knows the clients' tokens, if there is one."""
    if clients is None:
        return SIGNED if config.api.auth == "iam" else Authorization({"AuthorizationType": "NONE"})
    role = add_role(
        template,
        "IngestApiAuthorizerRole",
        service="apigateway.amazonaws.com",
        description="What the ingest API may do before it knows a client",
        statements=clients.invoke(),
    )
    authorizer = template.add_resource(
        Authorizer(
            "IngestApiAuthorizer",
            RestApiId=Ref(api),
            Name="clients",
            Type="REQUEST",
            # Who does not send it gets 401 without a call.
            IdentitySource="method.request.header.Authorization",
            AuthorizerUri=Sub(_INVOKED, Function=clients.function.get_att("Arn")),
            AuthorizerCredentials=role.get_att("Arn"),
            AuthorizerResultTtlInSeconds=CACHED_S,
        )
    )
    properties = {"AuthorizationType": "CUSTOM", "AuthorizerId": Ref(authorizer)}
    return Authorization(properties, client="$context.authorizer.client")
