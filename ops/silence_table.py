"""The silences table of a deployment, as its operators read and change it."""

from handlers.adapters.dynamodb.silences_table import SilencesTable
from handlers.domain.alerts.silences.silence import Silence, SilenceSet
from ops.aws_clock import time_of
from ops.errors import refusals
from ops.stored_alerts import Deployment


class SilenceTable:
    """The silences of one deployment; every method raises OperatorError where AWS refuses."""

    def __init__(self, target: Deployment) -> None:
        self._client = target.client("dynamodb")
        self._name = target.output("AlertSilencesTableName")
        self._table = SilencesTable(self._client, self._name)

    def read(self) -> SilenceSet:
        """The silences of the last month and of what is to come, and how many items are none."""
        with refusals("cannot read the silences"):
            return self._table.fresh()

    def time_s(self) -> int:
        """The time by the clock of AWS, in seconds since 1970."""
        with refusals("cannot read the silences"):
            answer = self._client.scan(TableName=self._name, Select="COUNT", Limit=1)
        return time_of(answer, self._client.meta.endpoint_url)

    def put(self, silence: Silence) -> None:
        """Write a silence that is new."""
        with refusals("cannot write the silence"):
            self._table.put(silence)

    def end(self, silence_id: str, by: str, now_s: int) -> bool:
        """True if it is over now and was not before."""
        with refusals("cannot end the silence"):
            return self._table.end(silence_id, by, now_s)
