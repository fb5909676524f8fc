"""A REST API as its template describes it, checked before the first request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.apigateway.access_log import AccessLogSetting
from emulator.apigateway.mapping_template import MappingTemplate
from emulator.apigateway.resource_policy import ResourcePolicy
from emulator.apigateway.validation import Model
from emulator.token_bucket import Limits

Templates = Mapping[str, MappingTemplate]


@dataclass(frozen=True, slots=True)
class IntegrationResponse:
    """The response for one outcome of an integration; without a selection it is the default."""

    status: int
    selection: re.Pattern[str] | None
    templates: Templates
    parameters: Mapping[str, str]
    content_handling: str | None


@dataclass(frozen=True, slots=True)
class AwsAction:
    """The AWS call behind an integration: a service with JSON over HTTP, the action's name, and who calls it."""

    service: str
    action: str
    role_arn: str


@dataclass(frozen=True, slots=True)
class Integration:
    """The target of a method's requests; `action` is None for a MOCK integration."""

    logical_id: str
    action: AwsAction | None
    timeout_s: float
    passthrough: str
    templates: Templates
    parameters: Mapping[str, str]
    content_handling: str | None
    responses: tuple[IntegrationResponse, ...]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A Lambda authorizer: TOKEN or REQUEST, what its cache goes by, and as whom its function is invoked.

    Without a role API Gateway invokes it as a service, for the authorizer's own ARN.
    """

    logical_id: str
    arn: str
    kind: str
    function_arn: str
    role_arn: str | None
    sources: tuple[str, ...]
    validation: re.Pattern[str] | None
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one resource."""

    logical_id: str
    resource_id: str
    resource_path: str
    authorization: str
    authorizer: Authorizer | None
    models: Mapping[str, Model]
    required_parameters: tuple[str, ...]
    limits: Limits | None
    integration: Integration


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """The answer of the gateway itself; templates are plain substitution."""

    status: int | None
    templates: Mapping[str, str]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Api:
    """A deployed REST API; `methods` maps a resource's path to its methods by verb."""

    api_id: str
    name: str
    account_id: str
    region: str
    stage: str
    stage_variables: Mapping[str, str]
    minimum_compression: int | None
    methods: Mapping[str, Mapping[str, Method]]
    gateway_responses: Mapping[str, GatewayResponse]
    policy: ResourcePolicy | None = None
    binary_media_types: frozenset[str] = frozenset()
    access_log: AccessLogSetting | None = None

    @property
    def arn(self) -> str:
        """The API's ARN, which those of its stages, methods and authorizers begin with."""
        return f"arn:aws:execute-api:{self.region}:{self.account_id}:{self.api_id}"
