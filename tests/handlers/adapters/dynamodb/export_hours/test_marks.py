"""Marks of late points in the export hours table."""

from typing import Any

from handlers.adapters.dynamodb.export_hours.items import ExportHoursTable
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.domain.exports.marking import Mark
from tests.support.export_ports import HOUR, HOURS, LAG_S, NOW_S, claimed, published


def test_a_mark_brings_an_hour_back_before_its_last_export(
    ledger: ExportHoursLedger, marks: ExportHoursMarks
) -> None:
    """An hour that waits for its export six hours later is due at once when a further point comes."""
    assert marks.mark_late(
        {HOUR: Mark(NOW_S + 300, NOW_S + 300, NOW_S + 900)}, already_after_s=NOW_S + 60
    ) == {HOUR: NOW_S + 300}
    claim = claimed(ledger, now_s=NOW_S + 400)
    ledger.complete(claim, published(claim), LAG_S)
    assert ledger.read([HOUR])[HOUR].due_at_s == NOW_S + 900
    marks.mark_late({HOUR: Mark(NOW_S + 800, NOW_S + 800, NOW_S + 1400)}, already_after_s=NOW_S + 560)
    assert ledger.read([HOUR])[HOUR].due_at_s == NOW_S + 800


def test_a_mark_in_force_is_left_and_told(ledger: ExportHoursLedger, marks: ExportHoursMarks) -> None:
    """Two writers share a mark; one that is too near is moved ahead, without putting the export off."""
    marks.mark_late({HOUR: Mark(NOW_S + 300, NOW_S + 300, NOW_S + 900)}, already_after_s=NOW_S + 60)
    assert marks.mark_late(
        {HOUR: Mark(NOW_S + 400, NOW_S + 400, NOW_S + 1000)}, already_after_s=NOW_S + 160
    ) == {HOUR: NOW_S + 300}
    assert marks.mark_late(
        {HOUR: Mark(NOW_S + 550, NOW_S + 550, NOW_S + 1150)}, already_after_s=NOW_S + 310
    ) == {HOUR: NOW_S + 550}
    entry = ledger.read([HOUR])[HOUR]
    assert (entry.due_at_s, entry.settled_at_s, entry.final_at_s) == (NOW_S + 300, NOW_S + 550, NOW_S + 1150)


def test_many_hours_are_marked_at_once(ledger: ExportHoursLedger, marks: ExportHoursMarks) -> None:
    """A batch may hold points of very many hours."""
    hours = {HOUR.plus(-number): Mark(NOW_S + 300, NOW_S + 300, NOW_S + 900) for number in range(40)}
    assert set(marks.mark_late(hours, already_after_s=NOW_S + 60)) == set(hours)
    assert len(ledger.due(NOW_S + 300, 99)) == 40


def test_many_hours_are_noted_at_once_and_again(dynamodb: Any, marks: ExportHoursMarks) -> None:
    """A note leaves the hour's entry alone, and may be made by every process."""
    hours = [HOUR.plus(-number) for number in range(60)]
    marks.note_points(hours)
    marks.note_points(hours)
    assert ExportHoursLedger(dynamodb, HOURS).read(hours) == {}
    assert all(ExportHoursTable(dynamodb, HOURS).get(f"points#{hour}") for hour in hours)
