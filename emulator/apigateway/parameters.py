"""Parameter mappings: one header or query value from a request, a response, the context, or as written.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from emulator.apigateway.json_path import MISSING, find
from emulator.apigateway.mapping_template import java_text
from emulator.apigateway.request import ApiRequest
from emulator.errors import UnsupportedApiError

RESPONSE_HEADER: Final = "method.response.header."
REQUEST_HEADER: Final = "integration.request.header."

_SOURCE = re.compile(
    r"'.*'|method\.request\.(?:header|querystring|path)\.\S+|method\.request\.body(?:\.\S+)?"
    r"|integration\.response\.header\.\S+|integration\.response\.body(?:\.\S+)?|context\.\S+|stageVariables\.\S+",
    re.DOTALL,
)


def check_source(source: Any, *, where: str) -> None:
    """Raise UnsupportedApiError for an expression that no mapping can evaluate."""
    if not isinstance(source, str) or _SOURCE.fullmatch(source) is None:
        raise UnsupportedApiError(f"{where}: the mapping expression {source} is not valid")


def value_of(
    source: str,
    *,
    request: ApiRequest,
    context: Mapping[str, Any],
    stage_variables: Mapping[str, str],
    response: ApiRequest | None = None,
) -> str | None:
    """The value of a mapping expression; None when there is nothing to map."""
    if source.startswith("'"):
        return source[1:-1]
    scope, _, name = source.partition(".")
    if scope == "context":
        return _text(find(context, f"$.{name}"))
    if scope == "stageVariables":
        return stage_variables.get(name)
    _, _, kind, member = (*source.split(".", 3), "")[:4]
    if kind == "body":
        return _from_body(response if scope == "integration" else request, member)
    if scope == "integration":
        return None if response is None else response.header(member)
    if kind == "header":
        return request.header(member)
    return (request.query if kind == "querystring" else request.path_parameters).get(member)


def _from_body(message: ApiRequest | None, path: str) -> str | None:
    if message is None:
        return None
    return _text(find(message.json, f"$.{path}")) if path else message.text


def _text(found: Any) -> str | None:
    return None if found is MISSING or found is None else java_text(found)
