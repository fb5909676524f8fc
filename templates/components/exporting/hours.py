"""The export hours: the ledger that says which hours are exported, due or late."""

from dataclasses import dataclass

from awacs import dynamodb
from awacs.aws import Action, Statement
from troposphere import Ref, Template
from troposphere.dynamodb import Table

from handlers.vocabulary import DUE_INDEX, DUE_KEY, EXPORT_HOURS_KEY
from templates.components.platform import Platform
from templates.components.platform.key import Key
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import allow
from templates.constructs.table import Index, add_table, index_arn

# Only hours that want something have its hash key, so the index holds no others.
_DUE = Index(DUE_INDEX, DUE_KEY)


@dataclass(frozen=True)
class ExportHours:
    """The ledger, and the grants of those that use it."""

    table: Table
    key: Key

    def mark_late(self) -> list[Statement]:
        """The grant to mark the hours of late points."""
        return [
            allow(
                [dynamodb.BatchWriteItem, dynamodb.UpdateItem], [self.table.get_att("Arn")], Sid="MarkHours"
            ),
            self.key.decrypt("dynamodb"),
        ]

    def change(self, *reads: Action) -> list[Statement]:
        """The grant to change the entries of hours, and to read them by these actions."""
        actions = [*reads, dynamodb.UpdateItem]
        return [allow(actions, [self.table.get_att("Arn")], Sid="KeepLedger"), self.key.decrypt("dynamodb")]

    def find_due(self) -> Statement:
        """The grant to find the hours that want something."""
        return allow([dynamodb.Query], [index_arn(self.table, _DUE)], Sid="FindDueHours")


def add_export_hours(template: Template, platform: Platform) -> ExportHours:
    """The ledger; it outlives the stack."""
    table = add_table(
        template,
        "ExportHoursTable",
        key=EXPORT_HOURS_KEY,
        key_arn=platform.key.arn,
        index=_DUE,
        numbers=DUE_KEY[1:],
    )
    add_outputs(template, ("ExportHoursTableName", Ref(table), "The ledger of exported, due and late hours"))
    return ExportHours(table, platform.key)
