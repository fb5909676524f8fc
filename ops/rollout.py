"""`ops rollout`: from this checkout to every region of an environment, canary first."""

import argparse
import hashlib
import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

import generate
from ops import change_set, consent, doors, preflight, stack
from ops.bundle import BUILD, build_lambda
from ops.errors import OperatorError, code_of, refusals
from ops.rule_files import FOLDER
from ops.rule_folder import has_rule_files, read_rules
from ops.rules import put_into_force
from ops.stack import Clients
from ops.stack_sets import Progress, instances
from templates.config import Config
from templates.names import (
    ARTIFACTS_BUCKET,
    ARTIFACTS_STACK_SET,
    FLEET_STACK,
    PIPELINE_STACK_SET,
    REGIONAL_STACK_SET,
)
from templates.parameters import CODE_KEY, REGIONS_CHANGE, TEMPLATE_URL, code_key

Say = Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `rollout`."""
    stack.add_options(parser, region=False)
    doors.add_options(parser)
    consent.add_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    config = stack.settings(options.environment)
    rules = read_rules(options.environment) if has_rule_files() else []
    _say(doors.check(config, leave_open=options.open))
    consent.expect(options, f"roll {config.stack_name} out to {', '.join(config.regions)}")
    generate.generate(config.environment, BUILD)
    status = Rollout(config, stack.client, _say).run()
    again = f"python -m ops rules apply --all-regions --environment {options.environment}"
    if status != 0:
        _say(f"the alert rules are left as they are; when every region is up to date: {again}")
        return status
    if not rules:
        _say(f"there are no alert rules: {FOLDER}/ has no file")
        return status
    _say(f"alert rules of {FOLDER}/ in every region, as `{again}` does:")
    options.yes = True  # it was asked for the whole
    return put_into_force(options, rules)


def _say(line: str) -> None:
    print(line, flush=True)


class Rollout:
    """Artifacts everywhere, then code and template everywhere, then the pipeline by the template's new URL."""

    def __init__(self, config: Config, clients: Clients, say: Say, build: Path = BUILD) -> None:
        self._config, self._clients, self._say = config, clients, say
        self._folder = build / config.environment
        self._home = clients("cloudformation", config.home)
        self._stack = config.name(FLEET_STACK)
        self._account = ""
        self._sets = {
            "artifacts": config.name(ARTIFACTS_STACK_SET),
            "pipeline": config.name(REGIONAL_STACK_SET),
        }

    def run(self) -> int:
        """Roll out; 0 only if every region is as it should be in the end. OperatorError if it cannot be tried."""
        config = self._config
        account = self._account = stack.account(self._clients, config.home)
        new, bare = self._without("pipeline"), self._without("artifacts")
        self._say(f"fleet {self._stack} in {config.home}: {', '.join(config.fleet.order(config.regions))}")
        templates = {name: self._template(name) for name in ("regional", "artifacts")}
        found = preflight.problems(
            config, account, self._clients, templates=templates, new_regions=new, bare_regions=bare
        )
        if found:
            for problem in found:
                self._say(f"before anything is made: {problem}")
            return 1
        progress = Progress(self._home, self._sets, self._say)
        try:
            self._roll_out(account, progress)
        except OperatorError as error:
            self._say(str(error))
            self._end(progress)
            return 1
        return self._end(progress)

    def _without(self, what: str) -> list[str]:
        """The regions of the environment that this StackSet has no stack in."""
        there = {instance.region for instance in instances(self._home, self._sets[what])}
        return [region for region in self._config.fleet.order(self._config.regions) if region not in there]

    def _roll_out(self, account: str, progress: Progress) -> None:
        body, before = self._template("fleet"), self._deployed()
        change = {REGIONS_CHANGE: "yes" if self._regions_change(before) else "no"}
        self._say("1 of 3: artifacts in every region")
        self._deploy(_before_upload(body, before), change, progress, has_bucket=before is not None)
        self._say("2 of 3: code and template in every region")
        parameters = self._upload(account)
        self._say("3 of 3: the pipeline in every region")
        self._deploy(body, {**parameters, **change}, progress, has_bucket=True)

    def _template(self, name: str) -> dict[str, Any]:
        text = (self._folder / f"{name}.template.json").read_text(encoding="utf-8")
        return dict(json.loads(text))

    def _deployed(self) -> Mapping[str, Any] | None:
        """The template of the fleet as it is deployed; None if it is not."""
        if change_set.deployed(self._home, self._stack) is None:
            return None
        with refusals(f"cannot read the template of {self._stack}"):
            before = self._home.get_template(StackName=self._stack)["TemplateBody"]
        return dict(json.loads(before) if isinstance(before, str) else before)

    def _regions_change(self, before: Mapping[str, Any] | None) -> bool:
        """True if a StackSet has, or had in the last rollout, regions other than the environment's; said if so."""
        known = [
            {instance.region for instance in instances(self._home, name)} for name in self._sets.values()
        ]
        for part in before["Resources"].values() if before else ():
            groups = part["Properties"].get("StackInstancesGroup", [])
            known.append({region for group in groups for region in group["Regions"]})
        change = any(there and there != set(self._config.regions) for there in known)
        if change and self._config.fleet.canary:
            self._say("regions change, so there is no order this time: the canary may not be the first")
        return change

    def _deploy(
        self, body: Mapping[str, Any], parameters: Mapping[str, str], progress: Progress, *, has_bucket: bool
    ) -> None:
        upload = self._upload_template if has_bucket else None
        changed = change_set.deploy(
            self._home, self._stack, body, parameters, each_round=progress.look, upload=upload
        )
        progress.look()
        if not changed:
            self._say("        nothing to change")

    def _upload(self, account: str) -> dict[str, str]:
        """Code and regional template to every region, under keys with their hashes; the parameters that name them."""
        bundle, archive = build_lambda()
        template = (self._folder / "regional.template.json").read_bytes()
        code = code_key(bundle.digest)
        template_key = _template_key(template)
        for region in self._config.fleet.order(self._config.regions):
            bucket = self._config.name(ARTIFACTS_BUCKET, account=account, region=region)
            for key, content in ((code, archive.read_bytes()), (template_key, template)):
                done = "uploaded" if self._put(region, bucket, key, content) else "is there"
                self._say(f"{region:<16} {done}   s3://{bucket}/{key}")
        return {TEMPLATE_URL: self._upload_template(template), CODE_KEY: code}

    def _upload_template(self, content: bytes) -> str:
        """The URL of a template in the home region's bucket, uploaded unless it is there."""
        home, key = self._config.home, _template_key(content)
        bucket = self._config.name(ARTIFACTS_BUCKET, account=self._account, region=home)
        self._put(home, bucket, key, content)
        return f"https://{bucket}.s3.{home}.amazonaws.com/{key}"

    def _put(self, region: str, bucket: str, key: str, content: bytes) -> bool:
        """Upload unless it is there: the key carries the hash of the content."""
        s3 = self._clients("s3", region)
        with refusals(f"cannot upload to s3://{bucket}/{key}"):
            try:
                s3.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if code_of(error) != "404":
                    raise
                s3.put_object(Bucket=bucket, Key=key, Body=content)
                return True
        return False

    def _again(self, region: str) -> str:
        command = ("aws", "cloudformation", "update-stack-instances", "--region", self._config.home)
        only = ("--regions", region, "--accounts", self._account)
        return shlex.join((*command, "--stack-set-name", self._sets["pipeline"], *only))

    def _end(self, progress: Progress) -> int:
        """Name every region that is not as it should be, with the reason."""
        there = {instance.region: instance for instance in instances(self._home, self._sets["pipeline"])}
        status = 0
        for region in self._config.fleet.order(self._config.regions):
            instance = there.get(region)
            if region in progress.failures:
                self._say(f"FAILED {region}: {progress.failures[region]}")
            elif instance is None:
                self._say(f"MISSING {region}: there is no pipeline")
            elif not instance.current:
                self._say(f"BEHIND {region}: {instance.status} {instance.reason}".rstrip())
            else:
                continue
            status = 1
            if instance is not None and not instance.current:
                # With a tolerated failure the fleet has no change left, so it would not try again by itself.
                self._say(f"  when the cause is gone: {self._again(region)}")
        if status == 0:
            see = f"python -m ops fleet status --environment {self._config.environment}"
            self._say(f"every region is up to date; see {see}")
        return status


def _template_key(content: bytes) -> str:
    return f"templates/{hashlib.sha256(content).hexdigest()}.template.json"


def _before_upload(body: Mapping[str, Any], before: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The new fleet with the pipeline as it is: a region must not be given code that is not there yet.

    The very first has neither pipeline nor dashboard: it is sent inline, whatever the number of regions.
    """
    if before is None or PIPELINE_STACK_SET not in before["Resources"]:
        later = {PIPELINE_STACK_SET, "Dashboard"}
        outputs = {
            name: output
            for name, output in body["Outputs"].items()
            if output["Value"].get("Ref") not in later
        }
        resources = {title: part for title, part in body["Resources"].items() if title not in later}
        return {**body, "Resources": resources, "Outputs": outputs}
    pipeline = before["Resources"][PIPELINE_STACK_SET]
    resources = {**body["Resources"], PIPELINE_STACK_SET: pipeline}
    # Another version's pipeline may wait for, or depend on, what this version does not have.
    waits = [title for title in pipeline["DependsOn"] if title in resources]
    return {
        **body,
        "Parameters": {**before["Parameters"], **body["Parameters"]},
        "Conditions": {**before["Conditions"], **body["Conditions"]},
        "Resources": {**resources, PIPELINE_STACK_SET: {**pipeline, "DependsOn": waits}},
    }
