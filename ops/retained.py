"""Resources that outlive their stack, and the names by which they are found again."""

from collections.abc import Mapping
from typing import Any

from templates.config import Config

KEPT = "RetainExceptOnCreate"

Resources = Mapping[str, Mapping[str, Any]]
"""Resources of a template by their logical id."""


def retained(template: Mapping[str, Any]) -> Resources:
    """The resources of a template that hold data, and stay when the stack goes."""
    return {
        title: part for title, part in template["Resources"].items() if part.get("DeletionPolicy") == KEPT
    }


def identifier(
    config: Config, account: str, region: str, part: Mapping[str, Any], kept: Resources
) -> dict[str, str] | None:
    """CloudFormation's primary identifier of a retained resource; None if the name was not ours to give.

    `kept` are the retained resources of its template, which it may refer to.
    """
    properties = part.get("Properties", {})

    def text(value: Any) -> str:
        if isinstance(value, dict) and "Ref" in value:
            return text(kept[value["Ref"]]["Properties"].get("DatabaseName", config.database_name))
        if isinstance(value, dict):
            value = value["Fn::Sub"]
        return str(value).replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)

    match part["Type"]:
        case "AWS::S3::Bucket":
            return {"BucketName": text(properties["BucketName"])}
        case "AWS::Timestream::Database":
            return {"DatabaseName": text(properties["DatabaseName"])}
        case "AWS::Timestream::Table":
            return {
                "DatabaseName": text(properties["DatabaseName"]),
                "TableName": text(properties["TableName"]),
            }
        case "AWS::Glue::Database":
            return {"DatabaseName": properties["DatabaseInput"]["Name"]}
        case "AWS::Glue::Table":
            database = text(properties["DatabaseName"])
            return {"CatalogId": account, "DatabaseName": database, "Name": properties["TableInput"]["Name"]}
        case _:
            return None
