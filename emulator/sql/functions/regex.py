"""regexp_* functions, for literal patterns."""

import re

from emulator.sql.bound import BoundExpression, text
from emulator.sql.call import Call, Function, fit
from emulator.sql.lambdas import bind_lambda, is_lambda, variables
from emulator.sql.patterns import (
    UnsupportedPattern,
    anchored_at_end,
    groups,
    matches_nothing,
    translate,
)
from emulator.sql.types import BIGINT, BOOLEAN, VARCHAR, array

_LINE_END = text(r"(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])\z")


def _pattern(call: Call, given: BoundExpression) -> tuple[str, str]:
    """A pattern as it was written and as RE2 takes it."""
    if not isinstance(given.value, str):
        raise call.lacks(f"{call.name} with a pattern that is no literal")
    try:
        return given.value, translate(given.value)
    except UnsupportedPattern as error:
        raise call.lacks(f"this part of a pattern: {error}") from error


def _subject(value: BoundExpression, written: str, pattern: str) -> str:
    """The text to be matched: in Java, $ matches before a last line end too, so that it may have to be left out."""
    if not anchored_at_end(written):
        return value.sql
    ends = f"regexp_matches({value.sql}, {_LINE_END}) AND NOT regexp_matches({value.sql}, {text(pattern)})"
    return f"(CASE WHEN {ends} THEN regexp_replace({value.sql}, {_LINE_END}, '') ELSE {value.sql} END)"


def _like(call: Call) -> BoundExpression:
    value, given = call.take(VARCHAR, VARCHAR)
    written, pattern = _pattern(call, given)
    return BoundExpression(f"regexp_matches({_subject(value, written, pattern)}, {text(pattern)})", BOOLEAN)


def _grouped(call: Call, refusal: str, *, empty: bool) -> tuple[str, int]:
    """The subject, the pattern, and the number of the group wanted; refused where engines differ on it."""
    written, pattern = _pattern(call, call.arguments()[1]) if len(call.nodes) > 1 else ("", "")
    kinds = (VARCHAR, VARCHAR) if len(call.nodes) == 2 else (VARCHAR, VARCHAR, BIGINT)
    value, _given, *wanted = call.take(*kinds)
    group = wanted[0].value if wanted else 0
    if not isinstance(group, int) or not 0 <= group <= groups(written):
        raise call.refuse(f"Pattern has {groups(written)} groups. Cannot access group {group}")
    if (not empty and matches_nothing(written)) or (group and re.search(r"\)[?*{]|\|", written)):
        raise call.lacks(f"{call.name} {refusal}")
    return f"{_subject(value, written, pattern)}, {text(pattern)}", group


def _extract(call: Call) -> BoundExpression:
    """NULL where nothing matches; a group that took no part in the match cannot be told from an empty one."""
    both, group = _grouped(call, "of a group in a pattern with optional groups", empty=True)
    return BoundExpression(
        f"(CASE WHEN regexp_matches({both}) THEN regexp_extract({both}, {group}) END)", VARCHAR
    )


def _extract_all(call: Call) -> BoundExpression:
    both, group = _grouped(call, "with a pattern that matches the empty string", empty=False)
    return BoundExpression(f"regexp_extract_all({both}, {group})", array(VARCHAR))


def _replace_by_function(call: Call) -> BoundExpression:
    """Each match replaced by what a function makes of its groups."""
    arguments = call.binder.each(call.nodes[:2], call.scope)
    fitted = fit(arguments, (VARCHAR, VARCHAR))
    if fitted is None:
        raise call.mismatch(arguments)
    value, given = fitted
    written, pattern = _pattern(call, given)
    if matches_nothing(written) or re.search(r"\)[?*{]|\|", written):
        raise call.lacks("regexp_replace by a function of a pattern with optional parts")
    (variable,) = variables(call, 1)
    made = bind_lambda(call, call.nodes[2], [(variable, array(VARCHAR))])
    if made.type is not VARCHAR:
        raise call.refuse("The function of regexp_replace must make a varchar")
    subject, count = _subject(value, written, pattern), groups(written)
    both = f"{subject}, {text(pattern)}"
    parts = {f"g{i}": f"regexp_extract_all({both}, {i})" for i in range(1, count + 1)}
    found = ", ".join(
        f"'{name}': {sql}" for name, sql in {"p": f"string_split_regex({both})", **parts}.items()
    )
    each = ", ".join(f"list_extract(m.{name}, i)" for name in parts)
    replaced = (
        f"list_transform(list_transform(generate_series(1, len(m.p) - 1), lambda i: CAST([{each}] AS VARCHAR[])),"
        f" lambda {variable}: coalesce({made.sql}, ''))"
    )
    pieces = f"list_transform(list_zip(m.p, {replaced}), lambda z: concat(z[1], z[2]))"
    sql = f"list_extract(list_transform([{{{found}}}], lambda m: array_to_string({pieces}, '')), 1)"
    rest = f"substr({value.sql}, length({subject}) + 1)"
    return BoundExpression(f"(CASE WHEN {value.sql} IS NOT NULL THEN {sql} || {rest} END)", VARCHAR)


def _replace(call: Call) -> BoundExpression:
    if len(call.nodes) == 3 and is_lambda(call.nodes[2]):
        return _replace_by_function(call)
    items = call.take(VARCHAR, VARCHAR) if len(call.nodes) == 2 else call.take(VARCHAR, VARCHAR, VARCHAR)
    written, pattern = _pattern(call, items[1])
    if matches_nothing(written):
        raise call.lacks("regexp_replace with a pattern that matches the empty string")
    by = items[2].value if len(items) == 3 else ""
    if not isinstance(by, str) or re.search(r"\\[^$\\]|\$(?![0-9](?![0-9]))", by.replace("\\$", "")):
        raise call.lacks("regexp_replace but by a literal, in which groups are $0 to $9")
    used = [int(n) for n in re.findall(r"(?<!\\)\$([0-9])", by)]
    if any(number > groups(written) for number in used) or "\\" in by.replace("\\$", ""):
        raise call.refuse(f"Invalid replacement in regexp_replace: {by}")
    replacement = re.sub(r"(?<!\\)\$([0-9])", r"\\\1", by).replace("\\$", "$")
    subject = _subject(items[0], written, pattern)
    sql = f"regexp_replace({subject}, {text(pattern)}, {text(replacement)}, 'g')"
    if subject != items[0].sql:
        sql = f"({sql} || substr({items[0].sql}, length({subject}) + 1))"
    return BoundExpression(sql, VARCHAR)


def _split(call: Call) -> BoundExpression:
    value, given = call.take(VARCHAR, VARCHAR)
    written, pattern = _pattern(call, given)
    if matches_nothing(written):
        raise call.lacks("regexp_split by a pattern that matches the empty string")
    sql = f"string_split_regex({_subject(value, written, pattern)}, {text(pattern)})"
    return BoundExpression(sql, array(VARCHAR))


FUNCTIONS: dict[str, Function] = {
    "regexp_like": _like,
    "regexp_extract": _extract,
    "regexp_extract_all": _extract_all,
    "regexp_replace": _replace,
    "regexp_split": _split,
}
