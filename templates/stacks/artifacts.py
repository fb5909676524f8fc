"""The artifacts stack: what a region needs before the regional stack can be deployed there."""

from troposphere import GetAtt, Ref, Sub, Template
from troposphere.apigateway import Account
from troposphere.iam import Role

from templates.config import Config
from templates.constructs.bucket import add_private_bucket, rule
from templates.constructs.outputs import add_outputs
from templates.constructs.ownership import set_role_path, tag_resources
from templates.constructs.policy import trust
from templates.names import ARTIFACTS_BUCKET
from templates.version import version


def artifacts(config: Config) -> Template:
    """The bucket of code and templates, and the role with which API Gateway writes its logs."""
    template = Template(Description=f"Code and templates of {config.stack_name}, version {version()}")
    template.set_version("2010-09-09")
    bucket = add_private_bucket(
        template,
        "ArtifactsBucket",
        name=config.name(ARTIFACTS_BUCKET),
        # Code, not data, so the region's key, which comes with the regional stack, is not asked for.
        key_arn=None,
        rules=[rule("Forget", replaced_days=90)],
    )
    add_api_gateway_account(template)
    add_outputs(template, ("BucketName", Ref(bucket), "Where the code bundle and templates are uploaded"))
    set_role_path(template, config)
    tag_resources(template, config)
    return template


def add_api_gateway_account(template: Template) -> None:
    """Let API Gateway write logs. There is one such setting for an account and region.

    Both stay when the stack goes: another environment of this account may rely on them.
    """
    role = template.add_resource(
        Role(
            "ApiGatewayLogsRole",
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
            Description="API Gateway writes the logs of this account's APIs in this region",
            AssumeRolePolicyDocument=trust("apigateway.amazonaws.com"),
            ManagedPolicyArns=[
                Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
            ],
        )
    )
    template.add_resource(
        Account(
            "ApiGatewayAccount",
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
            CloudWatchRoleArn=GetAtt(role, "Arn"),
        )
    )
