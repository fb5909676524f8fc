"""A DynamoDB table: on demand, encrypted with the stack's key, recoverable if what is in it cannot be made again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import Sub, Template, dynamodb

from handlers.vocabulary import EXPIRES_AT
from templates.constructs.ownership import DELETED, RETAINED


@dataclass(frozen=True)
class Index:
    """A global index that holds the keys, alone, of those items that have its key: hash key, then range key."""

    name: str
    key: Sequence[str]


def add_table(
    template: Template,
    title: str,
    *,
    key: Sequence[str],
    key_arn: object,
    index: Index | None = None,
    numbers: Collection[str] = (),
    expires: bool = False,
    streams: bool = False,
    retained: bool = True,
) -> dynamodb.Table:
    """A table by its key (hash key, then range key), whose attributes are strings unless they are in `numbers`.

    A retained table outlives its stack and can be set back to any second of 35 days. In one that `expires`, items go
    after the time in EXPIRES_AT. One that `streams` tells of each change what an item was, and what it is.
    """
    attributes = dict.fromkeys((*key, *(index.key if index else ())))
    optional: dict[str, Any] = {}
    if index:
        optional["GlobalSecondaryIndexes"] = [
            dynamodb.GlobalSecondaryIndex(
                IndexName=index.name,
                KeySchema=_schema(index.key),
                Projection=dynamodb.Projection(ProjectionType="KEYS_ONLY"),
            )
        ]
    if expires:
        optional["TimeToLiveSpecification"] = dynamodb.TimeToLiveSpecification(
            AttributeName=EXPIRES_AT, Enabled=True
        )
    if streams:
        optional["StreamSpecification"] = dynamodb.StreamSpecification(StreamViewType="NEW_AND_OLD_IMAGES")
    if retained:
        optional["PointInTimeRecoverySpecification"] = dynamodb.PointInTimeRecoverySpecification(
            PointInTimeRecoveryEnabled=True
        )
    return template.add_resource(
        dynamodb.Table(
            title,
            **(RETAINED if retained else DELETED),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                dynamodb.AttributeDefinition(
                    AttributeName=name, AttributeType="N" if name in numbers else "S"
                )
                for name in attributes
            ],
            KeySchema=_schema(key),
            SSESpecification=dynamodb.SSESpecification(
                SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=key_arn
            ),
            **optional,
        )
    )


def index_arn(table: dynamodb.Table, index: Index) -> Sub:
    """The ARN of a table's index."""
    return Sub(f"${{Table}}/index/{index.name}", Table=table.get_att("Arn"))


def _schema(key: Sequence[str]) -> list[dynamodb.KeySchema]:
    return [
        dynamodb.KeySchema(AttributeName=name, KeyType=kind)
        for name, kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]
