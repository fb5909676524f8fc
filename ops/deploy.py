"""`ops deploy`: the regional stack of one region, with the code that `ops publish` uploaded."""

import argparse

from botocore.exceptions import ClientError

from ops import aws_cli, stack
from ops.bundle import BUILD, build_lambda
from ops.errors import OperatorError, refusals
from ops.publish import artifacts_stack, generated
from ops.stack import Target
from templates.parameters import CODE_BUCKET, CODE_KEY, code_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `deploy`."""
    stack.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    target = generated(options)
    bucket = artifacts_stack(target).output("BucketName")
    bundle, _ = build_lambda()
    key = code_key(bundle.digest)
    _expect_uploaded(target, bucket, key)
    parameters = {CODE_BUCKET: bucket, CODE_KEY: key}
    aws_cli.deploy_stack(
        target.region,
        target.stack_name,
        BUILD / target.config.environment / "regional.template.json",
        *("--s3-bucket", bucket, "--s3-prefix", "templates"),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())),
    )
    for name, value in sorted(target.outputs().items()):
        print(f"{name:<24} {value}")
    return 0


def _expect_uploaded(target: Target, bucket: str, key: str) -> None:
    with refusals(f"cannot look into s3://{bucket}"):
        try:
            target.client("s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise OperatorError(f"s3://{bucket}/{key} is not there; run `make publish` first") from error
