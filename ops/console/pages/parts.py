"""Small parts that several pages share: headings, tables, numbers as people read them, and sparklines."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui
from nicegui.element import Element

_LARGE = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_WHOLE = 9_999.5
_LARGEST = 1e18
_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_MINUTES = 120.0, 24.0, 60

# A button in a cell is found by its row when a click on it arrives at the table.
_PICK_SLOT = (
    '<q-td :props="props"><button type="button" class="pick" :data-row="props.row.id">'
    "{{ props.value }}</button></q-td>"
)
_PICKED = "(event) => { const at = event.target.closest('.pick'); if (at) emit(Number(at.dataset.row)); }"


def main() -> Element:
    """The main part of a page, to fill."""
    return ui.element("main").classes("page").props('id="main" tabindex="-1"')


def heading(text: str) -> ui.label:
    """A heading of a part of the page."""
    with ui.element("h2"):
        return ui.label(text)


def prose(text: str) -> Element:
    """A sentence of ours, in which what stands between backticks is code."""
    with ui.element("p") as paragraph:
        for number, part in enumerate(text.split("`")):
            with ui.element("code" if number % 2 else "span"):
                ui.label(part).classes("run-in")
    return paragraph


def pairs(rows: Sequence[tuple[str, str]]) -> list[ui.label]:
    """Names with their values, one to a line; the labels of the values."""
    values = []
    for name, value in rows:
        with ui.element("div").classes("pair"):
            ui.label(name).classes("name")
            values.append(ui.label(value).classes("value"))
    return values


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    on_pick: Callable[[int], Any] | None = None,
    numbers: Sequence[int] = (),
    empty: str = "Nothing here.",
) -> ui.table:
    """A table of texts; `on_pick` is told the row of the button in its first column.

    Cells have keys of ours (c0, c1, …): what clients named is never a key, and Vue writes values as text.
    """
    made = ui.table(
        columns=[
            {
                "name": f"c{index}",
                "field": f"c{index}",
                "label": column,
                "align": "right" if index in numbers else "left",
                "sortable": True,
            }
            for index, column in enumerate(columns)
        ],
        rows=as_rows(rows),
        row_key="id",
    ).props('flat dense virtual-scroll hide-pagination :rows-per-page-options="[0]"')
    made.classes("rows")
    with made.add_slot("no-data"):
        ui.label(empty).classes("note")
    if on_pick is not None:
        made.add_slot("body-cell-c0", _PICK_SLOT)
        made.on("click", lambda event: on_pick(int(event.args)), js_handler=_PICKED)
    return made


def as_rows(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as the table takes them."""
    return [
        {"id": number, **{f"c{index}": cell for index, cell in enumerate(row)}}
        for number, row in enumerate(rows)
    ]


def number_text(number: float | None) -> str:
    """A number in at most five characters or so: 9,876, 12.3k, 4.56M."""
    if number is None:
        return "–"
    rounded = float(f"{number:.3g}")
    if abs(number) >= _WHOLE and abs(rounded) < _LARGEST:
        size, letter = next(pair for pair in _LARGE if abs(rounded) >= pair[0])
        return f"{rounded / size:.4g}{letter}"
    if abs(number) >= _WHOLE:
        return f"{number:.3g}"
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.4g}"


def counted_text(number: float, noun: str) -> str:
    """A number with its noun."""
    return f"{number_text(number)} {noun}{'' if number == 1 else 's'}"


def duration_text(number: float | None, *, per_second: float = 1.0) -> str:
    """A duration as people say it; `per_second` is 1000 for milliseconds."""
    if number is None:
        return "–"
    seconds = number / per_second
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def bytes_text(number: float) -> str:
    """A size in bytes, KB, MB or GB."""
    rounded = float(f"{number:.3g}")
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if rounded >= size:
            return f"{rounded / size:,.4g} {unit}"
    return f"{number:.0f} B"


def sparkline(minutes: Sequence[tuple[int, float]], at_s: float) -> str:
    """An hour by minute as an SVG of bars, built of numbers alone."""
    most = max((value for _, value in minutes), default=0.0)
    if most <= 0:
        return ""
    step = _SPARK_WIDTH / _SPARK_MINUTES
    bars = []
    for moment, value in minutes:
        place = _SPARK_MINUTES - 1 - int((at_s - moment) // 60)
        height = max(value, 0) / most * _SPARK_HEIGHT
        if 0 <= place < _SPARK_MINUTES and height > 0:
            left, top = place * step, _SPARK_HEIGHT - height
            bars.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{step * 0.7:.1f}" height="{height:.1f}"/>'
            )
    return (
        f'<svg viewBox="0 0 {_SPARK_WIDTH:.0f} {_SPARK_HEIGHT:.0f}" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(bars)}</svg>"
    )
