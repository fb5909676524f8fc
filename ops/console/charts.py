"""Charts as ECharts' options. What clients named stands in values only, never in a key or a format.

A key that begins with a colon would run as code in the page (NiceGUI), and a formatter is HTML (ECharts): so there is
neither, and tooltips are drawn on the canvas instead of being built as HTML. Options are the same in light and dark.
"""

import math
from collections.abc import Sequence
from typing import Any

from ops.console.readers.sql import Line

LINES_MOST = 60
_NAME_CHARACTERS = 80
_PERIODS_LEAST = 12
_MINUTE_MS = 60_000
_GREY = "#8b95a5"
_FAINT = "rgba(139,149,165,0.18)"
_COLOURS = (
    "#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#06b6d4", "#ec4899", "#84cc16", "#f97316", "#14b8a6",
    "#6366f1", "#eab308",
)  # fmt: skip
_FONT = "ui-sans-serif, system-ui, sans-serif"
# ECharts reads {name|text} on the canvas as a style of that name.
_BRACES = str.maketrans({"{": "(", "}": ")"})


def line_chart(lines: Sequence[Line], *, legend: bool = True) -> dict[str, Any]:
    """Lines over time; those beyond LINES_MOST are left out. A single time has a minute on each side."""
    shown = lines[:LINES_MOST]
    frame = _frame(legend=legend and len(shown) > 1)
    times = {moment for line in shown for moment, _ in line.points}
    begin, end = (min(times) - _MINUTE_MS, max(times) + _MINUTE_MS) if len(times) == 1 else (None, None)
    return {
        **frame,
        "xAxis": {**frame["xAxis"], "min": begin, "max": end},
        "series": [
            {
                "type": "line",
                "name": plain(line.name),
                "data": [list(point) for point in line.points],
                "showSymbol": len(line.points) == 1,
                "symbolSize": 5,
                "lineStyle": {"width": 1.6},
                "emphasis": {"focus": "series", "lineStyle": {"width": 2.4}},
                "sampling": "lttb",
            }
            for line in shown
        ],
    }


def verdict_chart(
    periods: Sequence[tuple[int, float | None, str]],
    period_s: int,
    bounds: Sequence[float],
    recovery: Sequence[float],
) -> dict[str, Any]:
    """Periods of an alert (epoch milliseconds, value, colour) as bars against its threshold and recovery.

    The axis has room for a dozen periods, so that a single one shows its place in time.
    """
    marks = _bound_marks(bounds, recovery)
    values = [
        0.0,
        *(value for _, value, _ in periods if value is not None),
        *(bound for bound, _, _ in marks),
    ]
    step_ms = period_s * 1000
    last_ms = periods[-1][0] + step_ms
    frame = _frame(legend=False)
    return {
        **frame,
        "grid": {**frame["grid"], "right": 110},
        "xAxis": {
            **frame["xAxis"],
            "min": min(periods[0][0], last_ms - _PERIODS_LEAST * step_ms),
            "max": last_ms,
        },
        "yAxis": {**_value_axis(), "min": min(values), "max": max(values) * 1.08 or 1},
        "series": [
            {
                "type": "bar",
                "name": "value",
                "barMaxWidth": 24,
                "data": [
                    {
                        "value": [at_ms + step_ms // 2, value],
                        "itemStyle": {"color": colour, "borderRadius": [3, 3, 0, 0]},
                    }
                    for at_ms, value, colour in periods
                ],
                "markLine": _mark_line(marks),
            }
        ],
    }


def firing_chart(
    values: Sequence[tuple[int, float | None]],
    firings: Sequence[tuple[int, int]],
    bounds: Sequence[float],
    recovery: Sequence[float],
    span: tuple[int, int],
    limits: tuple[float, float],
) -> dict[str, Any]:
    """A rule's value over a span against its threshold and recovery, with the times in which it fires in red.

    All times are epoch milliseconds; None breaks the line. `limits` are the least and the greatest value to have room.
    """
    marks = _bound_marks(bounds, recovery)
    known = [value for _, value in values if value is not None]
    low, high = _rounded(*limits)
    frame = _frame(legend=False)
    return {
        **frame,
        "grid": {**frame["grid"], "right": 120},
        "xAxis": {**frame["xAxis"], "min": span[0], "max": span[1]},
        "yAxis": {**_value_axis(), "min": low, "max": high},
        "dataZoom": [{"type": "inside", "filterMode": "none"}],
        "series": [
            {
                "type": "line",
                "name": "value",
                "data": [list(point) for point in values],
                "showSymbol": len(known) == 1,
                "lineStyle": {"width": 1.4},
                "markLine": _mark_line(marks),
                "markArea": {
                    "silent": True,
                    "itemStyle": {
                        "color": "rgba(239,68,68,0.25)",
                        "borderColor": "#ef4444",
                        "borderWidth": 1,
                    },
                    "data": [[{"xAxis": begin}, {"xAxis": end}] for begin, end in firings],
                },
            }
        ],
    }


def _rounded(low: float, high: float) -> tuple[float, float]:
    """Limits with room around them, in so few digits that an axis can have them as labels."""
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    step = 10.0 ** math.floor(math.log10(high - low + 2 * room)) / 2
    return math.floor((low - room) / step) * step, math.ceil((high + room) / step) * step


def _bound_marks(bounds: Sequence[float], recovery: Sequence[float]) -> list[tuple[float, str, str]]:
    """Bounds with their colours and names."""
    marks = [(bound, "#ef4444", "threshold") for bound in bounds]
    return marks + [(bound, "#10b981", "recovery") for bound in recovery if bound not in bounds]


def _mark_line(marks: Sequence[tuple[float, str, str]]) -> dict[str, Any]:
    return {
        "symbol": "none",
        "silent": True,
        "data": [
            {
                "yAxis": bound,
                "name": name,
                "lineStyle": {"color": colour, "type": "dashed", "width": 1.5},
                "label": {"formatter": f"{name} {bound:g}", "position": "end", "color": colour},
            }
            for bound, colour, name in marks
        ],
    }


def plain(name: str) -> str:
    """A client's name as a label: printable, not too long, and without the braces that ECharts has a meaning for."""
    shown = "".join(character if character.isprintable() else "�" for character in name.translate(_BRACES))
    return shown if len(shown) <= _NAME_CHARACTERS else f"{shown[:_NAME_CHARACTERS]}…"


def _frame(*, legend: bool) -> dict[str, Any]:
    return {
        "animation": False,
        "useUTC": True,
        "color": list(_COLOURS),
        "textStyle": {"fontFamily": _FONT},
        "grid": {"left": 8, "right": 16, "top": 14, "bottom": 34 if legend else 6, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            "order": "valueDesc",
            "confine": True,
            "backgroundColor": "#111827",
            "borderColor": "#374151",
            "textStyle": {"color": "#f3f4f6", "fontSize": 12},
        },
        "legend": {
            "show": legend,
            "type": "scroll",
            "bottom": 0,
            "icon": "roundRect",
            "itemWidth": 12,
            "itemHeight": 4,
            "textStyle": {"color": _GREY, "width": 180, "overflow": "truncate"},
            "pageTextStyle": {"color": _GREY},
            "pageIconColor": _GREY,
        },
        "xAxis": {
            "type": "time",
            "axisLine": {"lineStyle": {"color": _FAINT}},
            # A label at the chart's edge begins or ends there.
            "axisLabel": {
                "color": _GREY,
                "hideOverlap": True,
                "alignMinLabel": "left",
                "alignMaxLabel": "right",
            },
        },
        "yAxis": _value_axis(),
    }


def _value_axis() -> dict[str, Any]:
    return {
        "type": "value",
        "scale": True,
        "axisLabel": {"color": _GREY},
        "splitLine": {"lineStyle": {"color": _FAINT}},
    }
