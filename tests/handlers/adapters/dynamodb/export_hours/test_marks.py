"""Marks of late points in the export hours table."""

from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.marks import MarkTable
from handlers.domain.exports.marking import Mark
from tests.support.export_ports import HOUR, LAG, NOW, claimed, published


def test_a_mark_brings_an_hour_back_before_its_last_export(ledger: HourTable, marks: MarkTable) -> None:
    """An hour that waits for its export six hours later is due at once when a further point comes."""
    assert marks.mark({HOUR: Mark(NOW + 300, NOW + 300, NOW + 900)}, NOW + 60) == {HOUR: NOW + 300}
    claim = claimed(ledger, now=NOW + 400)
    ledger.complete(claim, published(claim), LAG)
    assert ledger.read([HOUR])[HOUR].due_at == NOW + 900
    marks.mark({HOUR: Mark(NOW + 800, NOW + 800, NOW + 1400)}, NOW + 560)
    assert ledger.read([HOUR])[HOUR].due_at == NOW + 800


def test_a_mark_in_force_is_left_and_told(ledger: HourTable, marks: MarkTable) -> None:
    """Two writers share a mark; one that is too near is moved ahead, without putting the export off."""
    marks.mark({HOUR: Mark(NOW + 300, NOW + 300, NOW + 900)}, NOW + 60)
    assert marks.mark({HOUR: Mark(NOW + 400, NOW + 400, NOW + 1000)}, NOW + 160) == {HOUR: NOW + 300}
    assert marks.mark({HOUR: Mark(NOW + 550, NOW + 550, NOW + 1150)}, NOW + 310) == {HOUR: NOW + 550}
    entry = ledger.read([HOUR])[HOUR]
    assert (entry.due_at, entry.settled_at, entry.final_at) == (NOW + 300, NOW + 550, NOW + 1150)


def test_many_hours_are_marked_at_once(ledger: HourTable, marks: MarkTable) -> None:
    """A batch may hold points of very many hours."""
    hours = {HOUR.plus(-number): Mark(NOW + 300, NOW + 300, NOW + 900) for number in range(40)}
    assert set(marks.mark(hours, NOW + 60)) == set(hours)
    assert len(ledger.due(NOW + 300, 99)) == 40
