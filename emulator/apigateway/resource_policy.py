"""Resource policies: which callers of an API its own policy allows or denies, by path, address and account.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.errors import UnsupportedApiError, UnsupportedPolicyError
from emulator.iam.evaluation import grants, permission
from emulator.iam.policy import Statement, parse_policy

INVOKE = "execute-api:Invoke"
_ACTIONS = frozenset({"*", "execute-api:*", INVOKE.lower()})
_PRINCIPAL = re.compile(r"\*|(?:arn:aws[\w-]*:iam::)?\d{12}(?::root)?")


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """An API's policy; `api_arn` is what the ARNs of its stages, methods and paths begin with."""

    api_arn: str
    statements: tuple[Statement, ...]

    def allows(self, path: str, source_ip: str, account: str | None, role_arn: str = "") -> bool | None:
        """False if a statement denies the request, else True if one allows it, else None: the policy is silent.

        `path` is the stage, the method and the request's path; an account of None is a caller who did not sign, and
        `role_arn` the role of one who signed as such.
        """
        context = {"aws:sourceip": source_ip} | ({"aws:principalarn": role_arn} if role_arn else {})
        asked = permission(INVOKE, f"{self.api_arn}/{path}", account or "", **context)
        caller = {"*", *((account, f"arn:aws:iam::{account}:root") if account else ())}
        found = (
            allows
            for allows in (False, True)
            if grants(self.statements, asked, allows=allows, principals=caller)
        )
        return next(found, None)


def load_policy(where: str, document: Mapping[str, Any], api_arn: str) -> ResourcePolicy:
    """An API's policy; UnsupportedApiError names the API for what would not be honoured here."""
    try:
        statements = parse_policy(document)
    except UnsupportedPolicyError as error:
        raise UnsupportedApiError(f"{where}: in its policy, {error}") from error
    for name in (name for one in statements for name in one.actions if name not in _ACTIONS):
        raise UnsupportedApiError(f"{where}: its policy has the action {name}; here it is {INVOKE}")
    for name in (name for one in statements for name in one.principals if not _PRINCIPAL.fullmatch(name)):
        raise UnsupportedApiError(f"{where}: the principal {name} of its policy is not known here")
    if not all(one.principals for one in statements):
        raise UnsupportedApiError(f"{where}: a statement of its policy has no principal")
    return ResourcePolicy(
        api_arn,
        tuple(
            replace(one, resources=tuple(_resource(where, name, api_arn) for name in one.resources))
            for one in statements
        ),
    )


def _resource(where: str, name: str, api_arn: str) -> str:
    """A resource as an ARN; `execute-api:/` stands for the API itself."""
    full = name.replace("execute-api:/", f"{api_arn}/", 1) if name.startswith("execute-api:/") else name
    if name != "*" and not full.startswith("arn:"):
        raise UnsupportedApiError(f"{where}: the resource {name} of its policy is no ARN")
    return full
