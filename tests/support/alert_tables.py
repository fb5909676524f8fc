"""The alerts' tables in moto, as the template describes them, so that tests cannot drift from what is deployed."""

import json
from typing import Any

import boto3
from troposphere import Template

from templates.components.alerting.tables import add_alert_tables
from templates.components.platform import add_platform
from templates.config import load

RULES, WINDOWS, ALERTS = "AlertRulesTable", "AlertWindowsTable", "AlertsTable"
SILENCES = "AlertSilencesTable"
_CREATED = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")


def create_alert_tables() -> None:
    """Create the four tables, each named by its logical id."""
    template = Template()
    add_alert_tables(template, add_platform(template, load("dev")))
    dynamodb = boto3.client("dynamodb")
    for title, resource in json.loads(template.to_json())["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties: dict[str, Any] = resource["Properties"]
            created = {name: properties[name] for name in _CREATED if name in properties}
            dynamodb.create_table(TableName=title, **created)
