"""`ops deploy`: the regional stack of one region, with the code that `ops publish` uploaded."""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from ops import aws_cli, change_set, consent, doors, stack, tables
from ops.bundle import BUILD, build_lambda
from ops.errors import OperatorError, refusals
from ops.publish import artifacts_stack, expect_no_obstacle, generated
from ops.stack import Target
from templates.parameters import CODE_BUCKET, CODE_KEY, code_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `deploy`."""
    stack.add_options(parser)
    doors.add_options(parser)
    consent.add_option(parser)
    parser.add_argument("--diff", action="store_true", help="show what would change, and change nothing")
    tables.add_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    target = generated(options)
    template = BUILD / target.config.environment / "regional.template.json"
    bucket = artifacts_stack(target).output("BucketName")
    bundle, _ = build_lambda()
    key = code_key(bundle.digest)
    parameters = {CODE_BUCKET: bucket, CODE_KEY: key}
    if options.diff:
        return _diff(options, target, template, bucket, parameters)
    print(doors.check(target.config, leave_open=options.open))
    expect_no_obstacle(target)
    _expect_uploaded(target, bucket, key)
    consent.expect(options, f"deploy {target.stack_name} to {target.region}")
    aws_cli.deploy_stack(
        target.region,
        target.stack_name,
        template,
        *("--s3-bucket", bucket, "--s3-prefix", "templates"),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())),
    )
    for name, value in sorted(target.outputs().items()):
        print(f"{name:<24} {value}")
    return 0


def _diff(
    options: argparse.Namespace, target: Target, path: Path, bucket: str, parameters: dict[str, str]
) -> int:
    """Show the change set that a deployment would carry out: what is lost first, then what is changed, then made."""
    template = path.read_bytes()
    key = f"templates/{hashlib.sha256(template).hexdigest()}.template.json"
    with refusals(f"cannot upload to s3://{bucket}/{key}"):
        target.client("s3").put_object(Bucket=bucket, Key=key, Body=template)
    url = f"https://{bucket}.s3.{target.region}.amazonaws.com/{key}"
    changes = change_set.preview(
        target.client("cloudformation"), target.stack_name, json.loads(template), url, parameters
    )
    rows = sorted(map(_row, changes), key=lambda row: (_LOSSES.index(row[0]), row[3] == "", row[1]))
    tables.show(
        ("action", "logical id", "type", "replaced", "what of it"), rows, options.format, noun="change"
    )
    print(f"nothing was changed in {target.stack_name} in {target.region}", file=sys.stderr)
    return 0


_LOSSES = ("Remove", "Modify", "Dynamic", "Import", "Add")


def _row(change: dict[str, Any]) -> tuple[str, str, str, str, str]:
    """A change in words; what of a resource is changed, and what becomes of a removed one's data."""
    targets = (detail["Target"] for detail in change.get("Details", ()))
    parts = [target.get("Path", "") or target.get("Name") or target["Attribute"] for target in targets]
    replaced = {"True": "yes", "Conditional": "perhaps"}.get(change.get("Replacement", ""), "")
    what = ", ".join(dict.fromkeys([*([change["PolicyAction"]] if "PolicyAction" in change else []), *parts]))
    return change["Action"], change["LogicalResourceId"], change["ResourceType"], replaced, what


def _expect_uploaded(target: Target, bucket: str, key: str) -> None:
    with refusals(f"cannot look into s3://{bucket}"):
        try:
            target.client("s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise OperatorError(f"s3://{bucket}/{key} is not there; run `make publish` first") from error
