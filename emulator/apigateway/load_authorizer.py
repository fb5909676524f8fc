"""Reads the Lambda authorizers of an API, with what AWS refuses of them when they are created."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.apigateway.api import Authorizer
from emulator.cloudformation.deployment import Deployment, Resource
from emulator.errors import UnsupportedApiError

# https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
_DEFAULT_TTL_S, _LONGEST_TTL_S = 300, 3600
_FUNCTION = re.compile(
    r"arn:aws[\w-]*:apigateway:[\w-]+:lambda:path/2015-03-31/functions/(arn:aws[\w-]*:lambda:[^/]+)/invocations"
)
_SOURCE = re.compile(r"(?:method\.request\.(?:header|querystring)|stageVariables|context)\.[\w.-]+")
_TOKEN_SOURCE = re.compile(r"method\.request\.header\.[\w.-]+")


def load_authorizers(deployment: Deployment, api_arn: str) -> Mapping[str, Authorizer]:
    """The authorizers by their ids; UnsupportedApiError names one that AWS or this emulator does not take."""
    return {
        item.physical_id: _authorizer(item, api_arn)
        for item in deployment.of_type("AWS::ApiGateway::Authorizer")
    }


def _authorizer(resource: Resource, api_arn: str) -> Authorizer:
    properties, where = resource.properties, resource.logical_id
    kind = properties["Type"]
    if kind not in {"REQUEST", "TOKEN"}:
        raise UnsupportedApiError(f"{where}: authorizers of the type {kind} are not served here")
    named = _FUNCTION.fullmatch(str(properties.get("AuthorizerUri")))
    if named is None:
        raise UnsupportedApiError(
            f"{where}: its AuthorizerUri {properties.get('AuthorizerUri')} invokes no function"
        )
    ttl_s = int(properties.get("AuthorizerResultTtlInSeconds", _DEFAULT_TTL_S))
    if not 0 <= ttl_s <= _LONGEST_TTL_S:
        raise UnsupportedApiError(
            f"{where}: AuthorizerResultTtlInSeconds is 0 to {_LONGEST_TTL_S}, not {ttl_s}"
        )
    validation = properties.get("IdentityValidationExpression")
    if validation is not None and kind != "TOKEN":
        raise UnsupportedApiError(f"{where}: only TOKEN authorizers have an IdentityValidationExpression")
    return Authorizer(
        logical_id=where,
        arn=f"{api_arn}/authorizers/{resource.physical_id}",
        kind=kind,
        function_arn=named[1],
        role_arn=properties.get("AuthorizerCredentials"),
        sources=_sources(where, kind, properties, ttl_s),
        validation=None if validation is None else re.compile(validation),
        ttl_s=ttl_s,
    )


def _sources(where: str, kind: str, properties: Mapping[str, Any], ttl_s: int) -> tuple[str, ...]:
    """The identity sources, which make the key of the cache; without a cache a REQUEST authorizer may have none."""
    given = str(properties.get("IdentitySource", ""))
    sources = tuple(name.strip() for name in given.split(",")) if given else ()
    if not sources and (kind == "TOKEN" or ttl_s):
        raise UnsupportedApiError(f"{where}: it needs an IdentitySource")
    pattern = _TOKEN_SOURCE if kind == "TOKEN" else _SOURCE
    if (kind == "TOKEN" and len(sources) > 1) or not all(map(pattern.fullmatch, sources)):
        raise UnsupportedApiError(f"{where}: the IdentitySource {given} is none of a {kind} authorizer")
    return sources
