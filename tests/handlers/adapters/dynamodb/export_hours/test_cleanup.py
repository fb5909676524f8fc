"""The wishes to tidy an hour, in the export hours table."""

from typing import Any

from handlers.adapters.dynamodb.export_hours.cleanup import TidyTable
from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.domain.exports.tidying import GRACE_SECONDS, Wish
from tests.support.export_ports import HOUR, HOURS, LAG, NOW, claimed, published


def test_only_a_second_attempt_leaves_something_to_tidy(ledger: HourTable, dynamodb: Any) -> None:
    """A day after the publication that replaced it; a wish that was renewed meanwhile stays."""
    wishes = TidyTable(dynamodb, HOURS)
    first = claimed(ledger)
    ledger.complete(first, published(first), LAG)
    assert wishes.due(NOW * 2, 9) == []
    second = claimed(ledger, now=NOW + 60)
    ledger.complete(second, published(second, NOW + 90), LAG)
    assert wishes.due(NOW + 90 + GRACE_SECONDS - 1, 9) == []
    (wish,) = wishes.due(NOW + 90 + GRACE_SECONDS, 9)
    assert wishes.record(HOUR).replaced == {first.attempt.run: NOW + 90}
    wishes.met(Wish(HOUR, wish.revision - 1), None)
    assert wishes.due(NOW + 90 + GRACE_SECONDS, 9) == [wish]
    wishes.met(wish, NOW + 3 * GRACE_SECONDS)
    assert wishes.due(NOW + 2 * GRACE_SECONDS, 9) == []
    wishes.met(wish, None)
    assert wishes.due(NOW * 2, 9) == []
