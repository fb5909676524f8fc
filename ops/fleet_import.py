"""`ops fleet import`: a removed region's data, taken back into a stack and that into the fleet.

Data outlives its stack, under names that a new stack asks for in vain. CloudFormation can import it instead:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import generate
from handlers.vocabulary import TIMESTREAM
from ops import stack
from ops.bundle import BUILD, ROOT
from ops.errors import OperatorError, refusals
from ops.retained import identifier, retained
from ops.stack import Clients
from templates.config import Config
from templates.config.tags import LOGICAL_ID
from templates.names import ARTIFACTS_STACK, ARTIFACTS_STACK_SET, REGIONAL_STACK_SET

_TABLE, _KEY = "AWS::DynamoDB::Table", "AWS::KMS::Key"
# A table's name as CloudFormation makes it, of a stack that was made before its tables had their logical id on them.
_TABLE_NAME = re.compile(r".+-([A-Za-z0-9]+)-[A-Z0-9]+")


def run(config: Config, region: str | None) -> int:
    """Write what an import of the region (or the first one) reads, and show the commands of it."""
    region = region or config.regions[0]
    generate.generate(config.environment, BUILD)
    files = [_prepare(config, region, name) for name in ("artifacts", "regional")]
    print("\nThese commands take it back; each waits for the one before:\n")
    for command in _commands(config, region, files):
        print(shlex.join(command) if isinstance(command, tuple) else command)
    return 0


def _prepare(config: Config, region: str, name: str) -> tuple[Path, Path]:
    """Write the two files that an import reads, of one of a region's stacks."""
    path = BUILD / config.environment / f"{name}.template.json"
    template, resources = plan(config, region, json.loads(path.read_text(encoding="utf-8")), stack.client)
    for resource in resources:
        found = ", ".join(resource["ResourceIdentifier"].values())
        print(f"{resource['LogicalResourceId']:<22} {resource['ResourceType']:<28} {found}")
    files = path.with_name(f"import-{name}-{region}.json"), path.with_name(f"resources-{name}-{region}.json")
    for file, content in zip(files, (template, resources), strict=True):
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return files


def plan(
    config: Config, region: str, template: Mapping[str, Any], clients: Clients
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A template of what the region kept, and how CloudFormation finds each; OperatorError if something is gone."""
    account = stack.account(clients, region)
    kept = retained(template)
    tagged = list(_tagged(config, region, clients))
    resources = []
    for title, part in kept.items():
        name = identifier(config, account, region, part, kept)
        name = name or _found(config, region, title, part["Type"], tagged, clients)
        resources.append(
            {"ResourceType": part["Type"], "LogicalResourceId": title, "ResourceIdentifier": name}
        )
    only_kept = {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Description": f"{template['Description']}: what was kept",
        "Resources": dict(kept),
    }
    return only_kept, resources


def _found(
    config: Config,
    region: str,
    title: str,
    kind: str,
    tagged: Sequence[tuple[str, str, str]],
    clients: Clients,
) -> dict[str, str]:
    """The one table or key of this logical id; OperatorError if there is none, or more than one."""
    names = sorted(name for found, logical_id, name in tagged if (found, logical_id) == (kind, title))
    if kind == _KEY and len(names) != 1 and config.store.kind == TIMESTREAM:
        names = _key_of_database(config, region, clients)
    if not names:
        raise OperatorError(
            f"{region} has no {kind} that is tagged as {title} of {config.stack_name}: without it the "
            "data cannot be taken back as it was; look for it by its tags, or restore it"
        )
    if len(names) > 1:
        raise OperatorError(
            f"{region} has more than one {kind} that is tagged as {title} of {config.stack_name}: "
            f"{', '.join(names)}; take the tag {LOGICAL_ID} off the others"
        )
    return {"KeyId" if kind == _KEY else "TableName": names[0]}


def _key_of_database(config: Config, region: str, clients: Clients) -> list[str]:
    """The id of the key that the points are encrypted with, if its tags do not tell."""
    with refusals(f"cannot look for the key of {config.database_name} in {region}"):
        database = clients("timestream-write", region).describe_database(DatabaseName=config.database_name)
    return [database["Database"]["KmsKeyId"].rpartition("/")[2]]


def _tagged(config: Config, region: str, clients: Clients) -> Iterator[tuple[str, str, str]]:
    """Type, logical id and name of the environment's tables and keys, whose names are CloudFormation's or AWS's.

    The logical id is that in our own tag, as CloudFormation's are on neither type:
    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2065
    """
    filters = [
        {"Key": "Project", "Values": [config.project]},
        {"Key": "Environment", "Values": [config.environment]},
    ]
    with refusals(f"cannot look for what {region} kept"):
        pages = clients("resourcegroupstaggingapi", region).get_paginator("get_resources")
        found = [
            item
            for page in pages.paginate(TagFilters=filters, ResourceTypeFilters=["dynamodb:table", "kms:key"])
            for item in page["ResourceTagMappingList"]
        ]
    for item in found:
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        service, name = item["ResourceARN"].split(":")[2], item["ResourceARN"].rpartition("/")[2]
        made = _TABLE_NAME.fullmatch(name) if service == "dynamodb" else None
        yield _KEY if service == "kms" else _TABLE, tags.get(LOGICAL_ID) or (made[1] if made else ""), name


def _commands(
    config: Config, region: str, files: Sequence[tuple[Path, Path]]
) -> Iterator[tuple[str, ...] | str]:
    stacks = (config.name(ARTIFACTS_STACK), config.stack_name)
    for name, (template, resources) in zip(stacks, files, strict=True):
        at = ("--region", region, "--stack-name", name)
        change = ("--change-set-name", "take-back")
        shown, listed = (path.relative_to(ROOT).as_posix() for path in (template, resources))
        yield (
            *("aws", "cloudformation", "create-change-set", *at, *change, "--change-set-type", "IMPORT"),
            *("--template-body", f"file://{shown}", "--resources-to-import", f"file://{listed}"),
        )
        yield ("aws", "cloudformation", "wait", "change-set-create-complete", *at, *change)
        yield ("aws", "cloudformation", "execute-change-set", *at, *change)
        yield ("aws", "cloudformation", "wait", "stack-import-complete", *at)
    yield f"# {region} must stand in environments/{config.environment}.toml from here on"
    yield f"make publish deploy ENV={config.environment} REGION={region}"
    yield f"# the ids of both stacks: aws cloudformation describe-stacks --region {region}"
    for stack_set, name in zip((ARTIFACTS_STACK_SET, REGIONAL_STACK_SET), stacks, strict=True):
        yield (
            *("aws", "cloudformation", "import-stacks-to-stack-set", "--region", config.home),
            *("--stack-set-name", config.name(stack_set), "--stack-ids", f"<id of {name}>"),
        )
    yield f"make rollout ENV={config.environment}"
