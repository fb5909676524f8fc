"""`ops publish` and `ops deploy`: from this checkout to a stack in one region, through the AWS CLI.

Each command is printed before it runs, so that it can be typed, read in a CI log, or run by another tool.
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

import generate
from ops import stack
from ops.bundle import BUILD, ROOT, build_lambda
from ops.errors import OperatorError
from ops.stack import Target
from templates.names import ARTIFACTS_STACK
from templates.parameters import CODE_BUCKET, CODE_KEY, code_key, network_parameters

_AWS = Path(sys.executable).with_name("aws")
_OUTPUT = "BucketName"


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `publish` and `deploy` to the command line."""
    for name, run, text in (
        ("publish", _publish, "create the artifacts stack and upload the functions' code"),
        ("deploy", _deploy, "create or update the regional stack with the code that publish uploaded"),
    ):
        parser = commands.add_parser(name, help=text)
        stack.add_options(parser)
        parser.set_defaults(run=run)


def _publish(options: argparse.Namespace) -> int:
    target = _target(options)
    artifacts = _artifacts(target)
    template = BUILD / target.environment / "artifacts.template.json"
    _aws(
        *("cloudformation", "deploy", "--region", target.region, "--stack-name", artifacts.stack_name),
        *(
            "--template-file",
            _shown(template),
            "--capabilities",
            "CAPABILITY_IAM",
            "--no-fail-on-empty-changeset",
        ),
    )
    bundle, archive = build_lambda()
    address = f"s3://{artifacts.output(_OUTPUT)}/{code_key(bundle.digest)}"
    _aws("s3", "cp", "--region", target.region, "--only-show-errors", _shown(archive), address)
    return 0


def _deploy(options: argparse.Namespace) -> int:
    target = _target(options)
    bucket = _artifacts(target).output(_OUTPUT)
    bundle, _ = build_lambda()
    key = code_key(bundle.digest)
    _expect_uploaded(target, bucket, key)
    template = BUILD / target.environment / "regional.template.json"
    _aws(
        *("cloudformation", "deploy", "--region", target.region, "--stack-name", target.stack_name),
        *("--template-file", _shown(template), "--s3-bucket", bucket, "--s3-prefix", "templates"),
        *("--parameter-overrides", f"{CODE_BUCKET}={bucket}", f"{CODE_KEY}={key}", *_network(target)),
        *("--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"),
    )
    for name, value in sorted(target.outputs().items()):
        print(f"{name:<24} {value}")
    return 0


def _target(options: argparse.Namespace) -> Target:
    target = stack.find(options.environment, options.region)
    if target.region not in target.regions:
        raise OperatorError(
            f"{target.region} is not among the regions of environments/{target.environment}.toml "
            f"({', '.join(target.regions)}); add it there, or give REGION="
        )
    generate.generate(target.environment, BUILD)
    return target


def _artifacts(target: Target) -> Target:
    name = stack.settings(target.environment).name(ARTIFACTS_STACK)
    return Target(target.environment, target.region, name, target.regions)


def _network(target: Target) -> list[str]:
    """What the region's network takes in private mode, as the fleet gives it to its stack instances."""
    parameters = network_parameters(stack.settings(target.environment), target.region)
    return [f"{name}={value}" for name, value in parameters.items()]


def _expect_uploaded(target: Target, bucket: str, key: str) -> None:
    try:
        target.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise OperatorError(f"s3://{bucket}/{key} is not there; run `make publish` first") from error
    except BotoCoreError as error:
        raise OperatorError(f"cannot look into s3://{bucket}: {error}") from error


def _aws(*arguments: str) -> None:
    print("$", shlex.join(("aws", *arguments)), flush=True)
    done = subprocess.run([str(_AWS), *arguments], cwd=ROOT, check=False)
    if done.returncode != 0:
        raise OperatorError(
            f"`aws {arguments[0]} {arguments[1]}` ended with status {done.returncode}; see above"
        )


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
