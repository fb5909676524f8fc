"""Resource policies: which callers of an API its own policy allows or denies, by path, address and account.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from emulator.errors import UnsupportedApiError

_INVOKE = frozenset({"*", "execute-api:*", "execute-api:invoke"})
_ACCOUNT = re.compile(r"(?:arn:aws[\w-]*:iam::)?(\d{12})(?::root)?")
_PARTS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; no accounts means everybody, no networks means every address."""

    allows: bool
    accounts: frozenset[str] | None
    resources: re.Pattern[str]
    networks: tuple[IPv4Network | IPv6Network, ...] | None
    inside: bool

    def covers(self, resource: str, source_ip: str, account: str | None) -> bool:
        """True if the statement speaks of this request; an account of None is a caller who did not sign."""
        if self.accounts is not None and account not in self.accounts:
            return False
        if not self.resources.fullmatch(resource):
            return False
        return self.networks is None or self.inside == any(
            ip_address(source_ip) in network for network in self.networks
        )


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """An API's policy; `api_arn` is what the ARNs of its stages, methods and paths begin with."""

    api_arn: str
    statements: tuple[Statement, ...]

    def allows(self, path: str, source_ip: str, account: str | None) -> bool | None:
        """False if a statement denies the request, else True if one allows it, else None: the policy is silent.

        `path` is the stage, the method and the request's path.
        """
        resource = f"{self.api_arn}/{path}"
        said = {one.allows for one in self.statements if one.covers(resource, source_ip, account)}
        return None if not said else False not in said


def load_policy(where: str, document: Mapping[str, Any], api_arn: str) -> ResourcePolicy:
    """An API's policy; UnsupportedApiError names the API for what would not be honoured here."""
    return ResourcePolicy(
        api_arn, tuple(_statement(where, item, api_arn) for item in _listed(document["Statement"]))
    )


def _statement(where: str, item: Mapping[str, Any], api_arn: str) -> Statement:
    unknown = sorted(set(item) - _PARTS)
    if unknown:
        raise UnsupportedApiError(
            f"{where}: its policy has {', '.join(unknown)}, which is not evaluated here"
        )
    for action in _listed(item["Action"]):
        if action.lower() not in _INVOKE:
            raise UnsupportedApiError(
                f"{where}: its policy has the action {action}; here it is execute-api:Invoke"
            )
    resources = (_pattern(where, name, api_arn) for name in _listed(item["Resource"]))
    networks, inside = _networks(where, item.get("Condition", {}))
    return Statement(
        allows=item["Effect"] == "Allow",
        accounts=_accounts(where, item["Principal"]),
        resources=re.compile("|".join(resources)),
        networks=networks,
        inside=inside,
    )


def _accounts(where: str, principal: Any) -> frozenset[str] | None:
    names = (
        _listed(principal["AWS"])
        if isinstance(principal, Mapping) and [*principal] == ["AWS"]
        else [principal]
    )
    if names == ["*"]:
        return None
    found = [_ACCOUNT.fullmatch(name) if isinstance(name, str) else None for name in names]
    if None in found:
        raise UnsupportedApiError(f"{where}: the principal {principal} of its policy is not known here")
    return frozenset(match[1] for match in found if match)


def _pattern(where: str, name: str, api_arn: str) -> str:
    """A resource as a pattern; `execute-api:/` stands for the API itself."""
    full = name.replace("execute-api:/", f"{api_arn}/", 1) if name.startswith("execute-api:/") else name
    if name != "*" and not full.startswith("arn:"):
        raise UnsupportedApiError(f"{where}: the resource {name} of its policy is no ARN")
    return re.escape(full).replace(r"\*", ".*").replace(r"\?", ".")


def _networks(
    where: str, condition: Mapping[str, Any]
) -> tuple[tuple[IPv4Network | IPv6Network, ...] | None, bool]:
    if not condition:
        return None, True
    ((operator, keys), *more) = condition.items()
    if (
        more
        or operator not in {"IpAddress", "NotIpAddress"}
        or [key.lower() for key in keys] != ["aws:sourceip"]
    ):
        raise UnsupportedApiError(f"{where}: the condition {condition} of its policy is not evaluated here")
    (ranges,) = keys.values()
    return tuple(ip_network(one) for one in _listed(ranges)), operator == "IpAddress"


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
