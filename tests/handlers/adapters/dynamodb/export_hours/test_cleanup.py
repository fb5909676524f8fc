"""The hours with files to clean up, in the export hours table."""

from typing import Any

from handlers.adapters.dynamodb.export_hours.cleanup import CleanupTask, ExportHoursCleanup
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.exports.cleanup import GRACE_S
from tests.support.export_ports import HOUR, HOURS, LAG_S, NOW_S, claimed, published


def test_only_a_second_attempt_leaves_something_to_clean_up(ledger: ExportHoursLedger, dynamodb: Any) -> None:
    """A day after the publication that replaced it; a task that was asked for again meanwhile stays."""
    cleanup = ExportHoursCleanup(dynamodb, HOURS)
    first = claimed(ledger)
    ledger.complete(first, published(first), LAG_S)
    assert cleanup.due(NOW_S * 2, 9) == []
    second = claimed(ledger, now_s=NOW_S + 60)
    ledger.complete(second, published(second, NOW_S + 90), LAG_S)
    assert cleanup.due(NOW_S + 90 + GRACE_S - 1, 9) == []
    (task,) = cleanup.due(NOW_S + 90 + GRACE_S, 9)
    assert cleanup.record(HOUR).replaced == {first.attempt.run: NOW_S + 90}
    cleanup.done(CleanupTask(HOUR, task.revision - 1), None)
    assert cleanup.due(NOW_S + 90 + GRACE_S, 9) == [task]
    cleanup.done(task, NOW_S + 3 * GRACE_S)
    assert cleanup.due(NOW_S + 2 * GRACE_S, 9) == []
    cleanup.done(task, None)
    assert cleanup.due(NOW_S * 2, 9) == []
