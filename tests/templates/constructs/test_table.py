"""A DynamoDB table: what every table has, and what is asked for."""

from typing import Any

from troposphere import Template

from templates.constructs.table import Index, add_table
from tests.support.generated import Generated


def made(**options: Any) -> dict[str, Any]:
    """A table with these options, as its template has it."""
    table = add_table(Template(), "Things", key=("thing", "part"), key_arn="the-key", **options)
    found: dict[str, Any] = table.to_dict()
    return found


def test_what_is_in_a_table_outlives_its_stack() -> None:
    """A table is kept when its stack goes, and can be set back, unless what it holds is of no use then."""
    kept, passing = made(), made(retained=False)
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert kept["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert (passing["DeletionPolicy"], passing["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert "PointInTimeRecoverySpecification" not in passing["Properties"]


def test_an_index_holds_keys_alone() -> None:
    """Each attribute of a key is declared once, with its type."""
    properties = made(index=Index("due", ("work", "part")), numbers=("part",))["Properties"]
    types = {one["AttributeName"]: one["AttributeType"] for one in properties["AttributeDefinitions"]}
    assert types == {"thing": "S", "part": "N", "work": "S"}
    assert len(properties["AttributeDefinitions"]) == 3
    (index,) = properties["GlobalSecondaryIndexes"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["work", "part"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_a_table_expires_and_streams_only_if_asked() -> None:
    """Both are off by default: one deletes, the other has a reader or costs in vain."""
    assert not {"TimeToLiveSpecification", "StreamSpecification"} & made()["Properties"].keys()
    properties = made(expires=True, streams=True)["Properties"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_every_table_is_encrypted_and_paid_by_use(regional: Generated) -> None:
    """With the stack's key, in every environment."""
    tables = regional.of("AWS::DynamoDB::Table")
    assert len(tables) == 6 + (regional.config.api.auth == "token")
    for title, table in tables.items():
        assert table["BillingMode"] == "PAY_PER_REQUEST", title
        assert table["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}, title
