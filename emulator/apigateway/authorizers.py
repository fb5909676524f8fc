"""Lambda authorizers: invoked with a request's parameters, their policies kept by its identity for a while.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from emulator.apigateway.api import Api, Authorizer
from emulator.apigateway.errors import GatewayError
from emulator.apigateway.integrations import AwsCaller
from emulator.apigateway.mapping_template import JavaMap
from emulator.apigateway.parameters import value_of
from emulator.apigateway.request import ApiRequest
from emulator.clock import Clock
from emulator.errors import UnsupportedPolicyError
from emulator.iam.evaluation import grants, permission
from emulator.iam.policy import Statement, parse_policy

_LOG = logging.getLogger(__name__)
_INVOKE = "execute-api:Invoke"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
_LONGEST_RESOURCE = 512
_KEPT = 10_000
# Of an authorizer as of an integration: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_TIMEOUT_S = 29.0

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of an authorizer: whose request it is, what its policy says, and what templates may read of it."""

    statements: tuple[Statement, ...]
    context: Mapping[str, str]

    def allows(self, method_arn: str, source_ip: str) -> bool | None:
        """False if the policy denies a call, else True if it allows it, else None: it is silent."""
        asked = permission(_INVOKE, method_arn, "", **{"aws:sourceip": source_ip})
        found = (allows for allows in (False, True) if grants(self.statements, asked, allows=allows))
        return next(found, None)


class Authorizers:
    """The authorizers of one API with their caches; safe to use from many threads."""

    def __init__(self, api: Api, caller: AwsCaller, clock: Clock) -> None:
        self._api = api
        self._caller = caller
        self._clock = clock
        self._kept: dict[tuple[str, Key], tuple[float, Verdict]] = {}
        self._flushes = 0
        self._lock = threading.Lock()

    def flush(self) -> None:
        """Forget every result, and keep none that is being asked for now."""
        with self._lock:
            self._kept.clear()
            self._flushes += 1

    def judge(
        self, authorizer: Authorizer, request: ApiRequest, context: Mapping[str, Any], method_arn: str
    ) -> Verdict:
        """The authorizer's verdict, a kept one while it is valid.

        Raises GatewayError: UNAUTHORIZED for a request without its identity, and for a function that says so;
        AUTHORIZER_FAILURE for one that fails, AUTHORIZER_CONFIGURATION_ERROR for one that cannot be called or answers
        what is no result.
        """
        key = self._identity(authorizer, request, context)
        place = (authorizer.arn, key)
        with self._lock:
            until_s, kept = self._kept.get(place, (0.0, None))
            flushes = self._flushes
        if kept is not None and self._clock.now() < until_s:
            return kept
        start = {"type": authorizer.kind, "methodArn": method_arn}
        if authorizer.kind == "TOKEN":
            event = {**start, "authorizationToken": key[0]}
        else:
            event = {**start, **self._parameters(request, context)}
        verdict = _verdict(authorizer, self._invoke(authorizer, event))
        with self._lock:
            if authorizer.ttl_s and flushes == self._flushes:
                self._kept.pop(place, None)
                self._kept[place] = (self._clock.now() + authorizer.ttl_s, verdict)
                if len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        return verdict

    def _identity(self, authorizer: Authorizer, request: ApiRequest, context: Mapping[str, Any]) -> Key:
        values = [
            value_of(source, request=request, context=context, stage_variables=self._api.stage_variables)
            or ""
            for source in authorizer.sources
        ]
        invalid = authorizer.validation is not None and not authorizer.validation.fullmatch(values[0])
        if "" in values or invalid:
            raise _unauthorized()
        return tuple(values)

    def _parameters(self, request: ApiRequest, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """The input of a REQUEST authorizer's function, besides what all have.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
        """
        queries = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        described = {name: value for name, value in context.items() if name not in _INTERNAL}
        return {
            "resource": context["resourcePath"],
            "path": request.path,
            "httpMethod": request.method,
            "headers": dict(request.headers),
            "multiValueHeaders": _many(request.headers),
            "queryStringParameters": dict(queries),
            "multiValueQueryStringParameters": _many(queries),
            "pathParameters": request.path_parameters,
            "stageVariables": self._api.stage_variables,
            "requestContext": described,
        }

    def _invoke(self, authorizer: Authorizer, event: Mapping[str, Any]) -> Any:
        """The function's result."""
        try:
            answer = self._caller.invoke(
                authorizer.function_arn,
                json.dumps(event).encode(),
                role_arn=authorizer.role_arn,
                source_arn=authorizer.arn,
                timeout_s=_TIMEOUT_S,
            )
        except GatewayError as error:
            _LOG.warning("%s: %s", authorizer.logical_id, error.message)
            raise GatewayError("AUTHORIZER_FAILURE", None) from error
        headers = {name.lower(): value for name, value in answer.headers}
        if answer.status in {403, 404}:
            raise _configuration_error(
                authorizer, f"it may not be invoked: {answer.body.decode('utf-8', 'replace')}"
            )
        result = _json(answer.body)
        if answer.status != 200 or "x-amz-function-error" in headers:
            said = result.get("errorMessage") if isinstance(result, dict) else None
            if said == "Unauthorized":
                raise _unauthorized()
            _LOG.warning("%s failed with status %d: %s", authorizer.logical_id, answer.status, said)
            raise GatewayError("AUTHORIZER_FAILURE", None)
        return result


_INTERNAL = frozenset({"requestOverride", "responseOverride"})


def _verdict(authorizer: Authorizer, result: Any) -> Verdict:
    """The verdict that a function's result is.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    if not isinstance(result, dict) or not isinstance(result.get("principalId"), str):
        raise _configuration_error(authorizer, "its result has no principalId")
    try:
        statements = parse_policy(result["policyDocument"])
    except (AttributeError, KeyError, TypeError, UnsupportedPolicyError) as error:
        raise _configuration_error(
            authorizer, f"its result has no policyDocument that is known: {error}"
        ) from error
    if any(len(name) > _LONGEST_RESOURCE for one in statements for name in one.resources):
        raise _configuration_error(
            authorizer, f"a Resource of its policy is over {_LONGEST_RESOURCE} characters"
        )
    given = result.get("context") or {}
    if not isinstance(given, dict) or not all(
        isinstance(value, str | int | float) for value in given.values()
    ):
        raise _configuration_error(authorizer, "its context holds what is no text, number or truth")
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return Verdict(statements, JavaMap({**texts, "principalId": result["principalId"]}))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _many(pairs: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _unauthorized() -> GatewayError:
    return GatewayError("UNAUTHORIZED", "Unauthorized")


def _configuration_error(authorizer: Authorizer, reason: str) -> GatewayError:
    _LOG.warning("%s: %s", authorizer.logical_id, reason)
    return GatewayError("AUTHORIZER_CONFIGURATION_ERROR", None)
