"""`ops publish`: the artifacts stack of a region, and the functions' code in its bucket."""

import argparse
import json
from dataclasses import replace

import generate
from ops import aws_cli, consent, preflight, stack
from ops.bundle import BUILD, build_lambda, relative
from ops.errors import OperatorError
from ops.stack import Target
from templates.config.fleet import Fleet
from templates.names import ARTIFACTS_STACK
from templates.parameters import code_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `publish`."""
    stack.add_options(parser)
    consent.add_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    aws_cli.show("python", "generate.py", "--environment", options.environment)
    target = generated(options)
    expect_no_obstacle(target)
    consent.expect(options, f"publish to {target.region}")
    artifacts = artifacts_stack(target)
    template = BUILD / target.config.environment / "artifacts.template.json"
    aws_cli.deploy_stack(target.region, artifacts.stack_name, template)
    aws_cli.show("python", "-m", "ops", "bundle")
    bundle, archive = build_lambda()
    address = f"s3://{artifacts.output('BucketName')}/{code_key(bundle.digest)}"
    aws_cli.run(*("s3", "cp", "--region", target.region, "--only-show-errors", relative(archive), address))
    return 0


def generated(options: argparse.Namespace) -> Target:
    """The deployment of the options, its templates written anew; OperatorError for a region that is not its own."""
    target = stack.find(options.environment, options.region)
    config = target.config
    if target.region not in config.regions:
        raise OperatorError(
            f"{target.region} is not among the regions of environments/{config.environment}.toml "
            f"({', '.join(config.regions)}); add it there, or give REGION="
        )
    found = target.deployed()
    if found not in {None, target.stack_name}:
        raise OperatorError(
            f"{target.region} has the fleet's stack {found}: make rollout ENV={config.environment} changes it"
        )
    generate.generate(config.environment, BUILD)
    return target


def expect_no_obstacle(target: Target) -> None:
    """Raise OperatorError with a line for each thing that would make the region's stacks fail."""
    config, region = target.config, target.region
    templates = {
        name: json.loads((BUILD / config.environment / f"{name}.template.json").read_text(encoding="utf-8"))
        for name in ("regional", "artifacts")
    }
    obstacles = preflight.problems(
        replace(config, regions=(region,), fleet=Fleet()),
        stack.account(stack.client, region),
        stack.client,
        templates=templates,
        new_regions=[region] if target.deployed() is None else [],
        bare_regions=[region] if artifacts_stack(target).deployed() is None else [],
    )
    if obstacles:
        raise OperatorError("\n".join(f"before anything is made: {line}" for line in obstacles))


def artifacts_stack(target: Target) -> Target:
    """The stack of the bucket that a deployment's code and templates are in."""
    return Target(target.config, target.region, target.config.name(ARTIFACTS_STACK))
