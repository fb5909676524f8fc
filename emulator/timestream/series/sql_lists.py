"""SQL over lists that the series functions share: names for values that are used twice, and places in sorted lists."""

from collections.abc import Mapping


def let(values: Mapping[str, str], name: str, body: str) -> str:
    """The SQL of a body in which `name.key` stands for each of these values, computed once."""
    bound = ", ".join(f"'{key}': {sql}" for key, sql in values.items())
    return f"list_extract(list_transform([{{{bound}}}], lambda {name}: {body}), 1)"


def counts(items: str, wanted: str, *, equal: bool) -> tuple[str, str]:
    """Two lists by which the items below each wanted value are counted, or those at or below it with `equal`.

    Of the wanted value in place j they are `left[len(items) + j] - right[j]`: its place among all values, less its
    place among the wanted ones alone. So counting takes as long as sorting, not as long as comparing each with each.
    """
    first, second = ("0", "1") if equal else ("1", "0")
    all_values = (
        f"list_concat(list_transform({items}, lambda x, i: {{'x': x, 'k': {first}, 'i': i}}),"
        f" list_transform({wanted}, lambda x, i: {{'x': x, 'k': {second}, 'i': i}}))"
    )
    return f"list_grade_up(list_grade_up({all_values}))", f"list_grade_up(list_grade_up({wanted}))"
