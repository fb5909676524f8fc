"""A CloudFormation with StackSets that speaks the SDK's own API: every call and answer is held against its model.

It carries out what a fleet template says, one region per look, in the order of the StackSet's preferences, and keeps
to what makes rollouts fail in an account: what CloudFormation refuses, a region without the code it is given, and
regions after a failed one.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from tests.support import cloudformation_refusals as refusals
from tests.support.resolved_template import ACCOUNT, pseudo, resolved

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_MODEL = botocore.session.get_session().get_service_model("cloudformation")
_OPERATIONS = {xform_name(name): _MODEL.operation_model(name) for name in _MODEL.operation_names}


@dataclass
class StackSet:
    """A StackSet as it was last made or changed."""

    properties: Mapping[str, Any]
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class World:
    """The account: its stacks by region and name, its StackSets, and what was asked of it."""

    stacks: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    sets: dict[str, StackSet] = field(default_factory=dict)
    failing: dict[tuple[str, str], str] = field(default_factory=dict)
    operations: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    pending: list[Callable[[], bool]] = field(default_factory=list)

    def client(self, region: str) -> Any:
        """A client of one region."""
        return _Client(self, region)


class _Client:
    def __init__(self, world: World, region: str) -> None:
        self._cloud, self._world, self._region = _Cloud(world, region), world, region

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = _OPERATIONS[name]

        def call(**arguments: Any) -> Any:
            validate_parameters(arguments, operation.input_shape)
            self._world.calls.append((self._region, name))
            answer = getattr(self._cloud, name)(**arguments)
            if operation.output_shape is not None:
                validate_parameters(answer, operation.output_shape)
            return answer

        return call

    def get_paginator(self, name: str) -> Any:
        assert name == "list_stack_instances"
        client = self

        class Paginator:
            def paginate(self, **arguments: Any) -> Any:
                yield client.list_stack_instances(**arguments)

        return Paginator()


class _Cloud:
    def __init__(self, world: World, region: str) -> None:
        self._world, self._region = world, region

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - the SDK's own names
        stack = self._find(StackName)
        if stack["pending"]:
            try:
                if stack["pending"][0]():
                    stack["pending"].pop(0)
            except _FailedError as error:
                stack["pending"].clear()
                self._roll_back(stack, str(error))
        if not stack["pending"] and stack["status"].endswith("_IN_PROGRESS"):
            stack["status"] = stack["status"].removesuffix("_IN_PROGRESS") + "_COMPLETE"
        return {"Stacks": [_description(stack)]}

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"StackEvents": list(reversed(self._find(StackName)["events"]))}

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"TemplateBody": json.dumps(self._find(StackName)["body"])}

    def create_change_set(self, **given: Any) -> dict[str, Any]:
        name, change_set = given["StackName"], given["ChangeSetName"]
        stack = self._world.stacks.get((self._region, name), _new_stack(self._region, name))
        try:
            self._check_change(stack, given)
            url = given.get("TemplateURL")
            body = refusals.read_template(given.get("TemplateBody"), None if url is None else _object(url))
            pairs = _given(given["Parameters"], stack["parameters"])
            refusals.check_parameters(body, pairs)
            refusals.check_capabilities(body, given.get("Capabilities", []))
            values = refusals.read_resources(body, pairs, pseudo(name, self._region)).parameters
        except refusals.Refused as refused:
            raise _error(refused.code, str(refused), "CreateChangeSet") from refused
        changed = (body, values) != (stack["body"], stack["parameters"])
        stack["change_sets"][change_set] = (body, values, changed)
        self._world.stacks[self._region, name] = stack
        return {"Id": f"arn:aws:cloudformation:::changeSet/{change_set}", "StackId": stack["id"]}

    def _check_change(self, stack: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        refusals.check_name(given["StackName"])
        refusals.check_name(given["ChangeSetName"])
        refusals.check_tags({tag["Key"]: tag["Value"] for tag in given.get("Tags", [])})
        exists = stack["status"] != "REVIEW_IN_PROGRESS"
        if exists != (given["ChangeSetType"] == "UPDATE"):
            raise refusals.Refused(
                f"Stack [{stack['name']}] {'already exists' if exists else 'does not exist'}"
            )
        if exists and stack["status"].endswith(("_IN_PROGRESS", "ROLLBACK_FAILED")):
            raise refusals.Refused(
                f"Stack:{stack['id']} is in {stack['status']} state and can not be updated."
            )

    def describe_change_set(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:  # noqa: N803
        _, _, changed = self._find(StackName)["change_sets"][ChangeSetName]
        if changed:
            return {"Status": "CREATE_COMPLETE"}
        reason = "The submitted information didn't contain changes. Submit different information."
        return {"Status": "FAILED", "StatusReason": reason}

    def delete_change_set(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:  # noqa: N803
        del self._find(StackName)["change_sets"][ChangeSetName]
        return {}

    def execute_change_set(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:  # noqa: N803
        stack = self._find(StackName)
        body, values, _ = stack["change_sets"].pop(ChangeSetName)
        verb = "CREATE" if stack["status"] == "REVIEW_IN_PROGRESS" else "UPDATE"
        stack["before"] = (stack["body"], stack["parameters"])
        stack["body"], stack["parameters"], stack["status"] = body, values, f"{verb}_IN_PROGRESS"
        stack["events"].append(_event(stack, StackName, f"{verb}_IN_PROGRESS"))
        stack["pending"] = list(self._carried_out(stack))
        return {}

    def list_stack_instances(self, StackSetName: str) -> dict[str, Any]:  # noqa: N803
        if StackSetName not in self._world.sets:
            raise _error(
                "StackSetNotFoundException", f"StackSet {StackSetName} not found", "ListStackInstances"
            )
        return {"Summaries": [dict(one) for one in self._world.sets[StackSetName].instances.values()]}

    def _find(self, name: str) -> dict[str, Any]:
        for (region, _), stack in self._world.stacks.items():
            if region == self._region and name in {stack["name"], stack["id"]}:
                return stack
        raise _error("ValidationError", f"Stack with id {name} does not exist", "DescribeStacks")

    def _carried_out(self, stack: dict[str, Any]) -> Iterator[Callable[[], bool]]:
        """What is done for the stack's resources, a step at a time."""
        resources = resolved(stack["body"], stack["parameters"], stack["name"], self._region)
        for reason in refusals.refused_when_made(resources):
            yield partial(_fail, reason)
        for title in ("ArtifactsStackSet", "RegionalStackSet"):
            if title in resources:
                yield from self._steps(stack, title, resources[title]["Properties"])

    def _steps(
        self, stack: dict[str, Any], title: str, properties: Mapping[str, Any]
    ) -> list[Callable[[], bool]]:
        """One step per region of a StackSet that differs from what it is.

        The order of what AWS does is its handler's: https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-cloudformation
        """
        name = properties["StackSetName"]
        known = self._world.sets.get(name)
        if known is not None and known.properties == properties:
            return []
        before = known.properties if known else {}
        kept = known.instances if known else {}
        regions = _regions(properties)
        added = [region for region in regions if region not in kept]
        gone = sorted(set(kept) - set(regions))
        stay = [region for region in regions if region in kept]
        # With a URL the handler always updates the StackSet, which goes through every region that it has.
        updated = known is not None and (
            "TemplateURL" in properties or _content(before) != _content(properties)
        )
        try:
            _check_stack_set(properties)
            for touched in (gone, stay if updated else [], added):
                _check_order(properties, touched)
        except refusals.Refused as refused:
            return [partial(_fail, f"{title}: {refused}")]
        current = self._world.sets[name] = StackSet(properties, kept)
        for region in gone:
            del kept[region]
            self._world.operations.append((name, f"delete {region}"))
        changed = stay if _content(before) != _content(properties) else []
        order = properties["OperationPreferences"].get("RegionOrder", regions)
        steps = sorted({*changed, *added}, key=order.index)
        return [self._step(stack, title, current, region) for region in steps]

    def _step(self, stack: dict[str, Any], title: str, of: StackSet, region: str) -> Callable[[], bool]:
        def step() -> bool:
            name = of.properties["StackSetName"]
            instance = of.instances.setdefault(
                region,
                {
                    "StackSetId": name,
                    "Region": region,
                    "Account": ACCOUNT,
                    "StackId": "",
                    "Status": "OUTDATED",
                },
            )
            if instance.get("StackInstanceStatus", {}).get("DetailedStatus") != "RUNNING":
                instance["StackInstanceStatus"] = {"DetailedStatus": "RUNNING"}
                return False
            self._world.operations.append((name, region))
            reason = self._world.failing.get((name, region)) or self._missing_code(of, region)
            if reason:
                instance.update(StackInstanceStatus={"DetailedStatus": "FAILED"}, StatusReason=reason)
                if of.properties["OperationPreferences"]["FailureToleranceCount"] == 0:
                    raise _FailedError(f"{title}: operation failed in {region}")
                return True
            instance.update(
                Status="CURRENT", StackInstanceStatus={"DetailedStatus": "SUCCEEDED"}, StatusReason=""
            )
            self._make(name, region, instance)
            return True

        return step

    def _make(self, name: str, region: str, instance: dict[str, Any]) -> None:
        if name.endswith("-artifacts"):
            _make_bucket(f"{name}-{ACCOUNT}-{region}-an", region)
            return
        stack = _new_stack(region, f"StackSet-{name}-{region}")
        stack.update(status="CREATE_COMPLETE", description="Metrics pipeline, version 9.9.9")
        stack["outputs"] = {"IngestUrl": f"https://{region}.example/dev/metrics"}
        instance["StackId"] = stack["id"]
        self._world.stacks[region, stack["name"]] = stack

    def _missing_code(self, of: StackSet, region: str) -> str | None:
        """Why Lambda would refuse the region's functions: their code must be in their region already."""
        values = {
            pair["ParameterKey"]: pair["ParameterValue"] for pair in of.properties.get("Parameters", [])
        }
        if "CodeKey" in values:
            bucket = (
                of.properties["StackSetName"].replace("-regional", "-artifacts") + f"-{ACCOUNT}-{region}-an"
            )
            try:
                boto3.client("s3", region_name=region).head_object(Bucket=bucket, Key=values["CodeKey"])
            except ClientError:
                return f"S3 Error Code: NoSuchKey ({values['CodeKey']})"
        return None

    def _roll_back(self, stack: dict[str, Any], reason: str) -> None:
        verb = stack["status"].split("_")[0]
        title, _, why = reason.partition(": ")
        stack["events"].append(_event(stack, title, f"{verb}_FAILED", why))
        stack["status"] = "ROLLBACK_COMPLETE" if verb == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
        stack["body"], stack["parameters"] = stack["before"]


class _FailedError(Exception):
    """A StackSet's operation that the stack does not survive."""


def _new_stack(region: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "id": f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/1",
        "status": "REVIEW_IN_PROGRESS",
        "body": None,
        "parameters": {},
        "change_sets": {},
        "events": [],
        "pending": [],
        "outputs": {},
        "description": "a stack",
    }


def _description(stack: Mapping[str, Any]) -> dict[str, Any]:
    pairs = {"Parameters": "Parameter", "Outputs": "Output"}
    values = {"Parameters": stack["parameters"], "Outputs": stack["outputs"]}
    return {
        "StackName": stack["name"],
        "StackId": stack["id"],
        "StackStatus": stack["status"],
        "Description": stack["description"],
        "CreationTime": NOW,
        **{
            plural: [{f"{one}Key": key, f"{one}Value": value} for key, value in values[plural].items()]
            for plural, one in pairs.items()
        },
    }


def _event(stack: Mapping[str, Any], title: str, status: str, reason: str = "") -> dict[str, Any]:
    return {
        "StackId": stack["id"],
        "EventId": f"{title}-{status}",
        "StackName": stack["name"],
        "LogicalResourceId": title,
        "PhysicalResourceId": stack["id"] if title == stack["name"] else title,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": NOW,
    }


def _fail(reason: str) -> bool:
    raise _FailedError(reason)


def _given(pairs: Sequence[Mapping[str, Any]], before: Mapping[str, Any]) -> dict[str, str]:
    for pair in pairs:
        if pair.get("UsePreviousValue") and pair["ParameterKey"] not in before:
            raise refusals.Refused(
                f"Invalid input for parameter key {pair['ParameterKey']}. It has no value yet"
            )
    return {
        pair["ParameterKey"]: before[pair["ParameterKey"]]
        if pair.get("UsePreviousValue")
        else pair["ParameterValue"]
        for pair in pairs
    }


def _object(url: str) -> str:
    """The content of the object that a template's URL names."""
    parts = re.fullmatch(r"https://([a-z0-9.-]+)\.s3\.([a-z0-9-]+)\.amazonaws\.com/(.+)", url)
    if parts is None:
        raise refusals.Refused("TemplateURL must be a supported URL.")
    try:
        found = boto3.client("s3", region_name=parts[2]).get_object(Bucket=parts[1], Key=parts[3])
    except ClientError as error:
        raise refusals.Refused(f"S3 error: {error}") from error
    return str(found["Body"].read().decode())


def _regions(properties: Mapping[str, Any]) -> list[str]:
    return [region for group in properties["StackInstancesGroup"] for region in group["Regions"]]


def _content(properties: Mapping[str, Any]) -> list[Any]:
    """What every region of a StackSet has alike: another content is an update of all."""
    return [properties.get(part) for part in ("TemplateBody", "TemplateURL", "Parameters", "Tags")]


def _check_stack_set(properties: Mapping[str, Any]) -> None:
    """Refuse what CreateStackSet and UpdateStackSet refuse, before any region is looked at."""
    refusals.check_name(properties["StackSetName"])
    refusals.check_tags({tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])})
    refusals.check_preferences(properties["OperationPreferences"])
    url = properties.get("TemplateURL")
    template = refusals.read_template(properties.get("TemplateBody"), None if url is None else _object(url))
    refusals.check_stack_set_template(template)
    refusals.check_capabilities(template, properties.get("Capabilities", []))
    values = {pair["ParameterKey"]: pair["ParameterValue"] for pair in properties.get("Parameters", [])}
    refusals.check_parameters(template, values, of_stack_set=True)
    regions = _regions(properties)
    if len(set(regions)) < len(regions):
        raise refusals.Refused("Stack instance is duplicated")
    for region in regions:
        refusals.read_resources(template, values, pseudo("StackSet", region))


def _check_order(properties: Mapping[str, Any], touched: Sequence[str]) -> None:
    """Refuse an order of other regions than the operation's: AWS does not say that it takes one."""
    order = properties["OperationPreferences"].get("RegionOrder")
    if touched and order is not None and sorted(order) != sorted(touched):
        raise refusals.Refused(f"RegionOrder {order} is not an order of {sorted(touched)}")


def _make_bucket(name: str, region: str) -> None:
    s3 = boto3.client("s3", region_name=region)
    if name in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **place)


def _error(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
