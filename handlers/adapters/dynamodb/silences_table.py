"""The silences table: one item for each silence, which stays for a month after it is over."""

from collections.abc import Mapping
from typing import Any

from handlers.adapters.aws import aws_errors, code_of, translate, translated
from handlers.adapters.dynamodb.attributes import attributes_of, values_of
from handlers.adapters.dynamodb.table import Table
from handlers.domain.alerts.periods import DAY_S
from handlers.domain.alerts.silences.reading import SilenceError, read_silence, silence_document
from handlers.domain.alerts.silences.silence import Silence, SilenceSet, SilenceSource
from handlers.vocabulary import EXPIRES_AT, SILENCES_KEY

# Much longer than intervals are made up for, so that one that is evaluated late knows which silences there were.
KEPT_S = 30 * DAY_S

_ID = SILENCES_KEY[0]


class SilencesTable(SilenceSource):
    """Silences, read as they are: who has just silenced an alert wants to hear no more of it."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def fresh(self) -> SilenceSet:
        """The silences as they are now, and those that ended not long ago."""
        found: list[Silence] = []
        unreadable: list[str] = []
        for item in Table(self._dynamodb, self._table, SILENCES_KEY).scan(ConsistentRead=True):
            try:
                found.append(silence_of(item))
            except SilenceError:
                unreadable.append(str(values_of(item)[_ID]))
        return SilenceSet(sorted(found, key=lambda silence: silence.silence_id), sorted(unreadable))

    @translated()
    def put(self, silence: Silence) -> None:
        """Writes a silence that is new."""
        self._dynamodb.put_item(
            TableName=self._table, Item=item_of(silence), ConditionExpression=f"attribute_not_exists({_ID})"
        )

    def end(self, silence_id: str, by: str, now_s: int) -> bool:
        """True if the silence is over now, and was not before; nothing else of its item changes."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key={_ID: {"S": silence_id}},
                UpdateExpression=f"SET #until = :now, ended_by = :by, {EXPIRES_AT} = :expiry",
                ConditionExpression=f"attribute_exists({_ID}) AND (#until = :never OR #until > :now)",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={
                    ":now": {"N": str(now_s)},
                    ":never": {"N": "0"},
                    ":by": {"S": by},
                    ":expiry": {"N": str(now_s + KEPT_S)},
                },
            )
        except aws_errors() as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise translate(error) from error
        return True


def silence_of(item: Mapping[str, Any]) -> Silence:
    """The silence that an item holds; `SilenceError` if it is none, or of a later version."""
    return read_silence(values_of(item))


def item_of(silence: Silence) -> dict[str, Any]:
    """The item of a silence."""
    document = silence_document(silence)
    if silence.until_s:
        document[EXPIRES_AT] = silence.until_s + KEPT_S
    return attributes_of(document)
