"""The measures of a series' minute, in the SQL that all stores speak."""

# Over `value`; each has the column of its name.
EXPRESSIONS = {
    **{name: f'{name}("value")' for name in ("count", "sum", "min", "max", "avg")},
    **{f"p{percent}": f'approx_percentile("value", 0.{percent})' for percent in (50, 90, 99)},
}
