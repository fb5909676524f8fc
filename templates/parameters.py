"""The names of the templates' parameters, for the commands that deploy, and values that follow from code or region."""

from collections.abc import Mapping

from templates.config import Config

CODE_BUCKET = "CodeBucket"
CODE_KEY = "CodeKey"
TEMPLATE_URL = "RegionalTemplateUrl"
NETWORK: Mapping[str, str] = {
    "cidr": "VpcCidr",
    "ingest_cell": "TimestreamIngestCell",
    "query_cell": "TimestreamQueryCell",
    "s3_prefix_list": "S3PrefixList",
    "dynamodb_prefix_list": "DynamoDbPrefixList",
}
"""Setting of `[network]` to the parameter that takes its value for the region."""


def code_key(digest: str) -> str:
    """The key of the functions' code in its bucket, which changes exactly when the code does, and so does the stack."""
    return f"functions/{digest}.zip"


def network_parameters(config: Config, region: str) -> dict[str, str]:
    """The regional template's parameters that differ from region to region: none in public mode."""
    if not config.network.private:
        return {}
    return {parameter: getattr(config.network, setting)[region] for setting, parameter in NETWORK.items()}
