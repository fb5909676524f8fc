"""The text of doubles as Java spells them: plain from 0.001 to 10,000,000, else as 1.5E10.

Inside an expression this is SQL. In a row's JSON the rare spellings are left to Python, behind a NUL, as planning the
SQL for them takes longer than most queries: a NUL in a string is escaped in JSON, so nothing else can look like it.
"""

import re
from decimal import Decimal

_PLAIN = "(abs({0}) >= 1e-3 AND abs({0}) < 1e7) OR {0} = 0"
_LEFT = re.compile('\0([^"]*)')
_ODD = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def double_text(sql: str) -> str:
    """The SQL of a double's text."""
    text = f"CAST(abs({sql}) AS VARCHAR)"
    digits = "left(d, 1) || '.' || CASE WHEN length(d) > 1 THEN substr(d, 2) ELSE '0' END"
    scientific = (
        f"list_extract(list_transform([{text}], lambda s: CASE"
        " WHEN contains(s, 'e') THEN split_part(s, 'e', 1) || CASE WHEN contains(s, '.') THEN '' ELSE '.0' END"
        " || 'E' || CAST(CAST(split_part(s, 'e', 2) AS INTEGER) AS VARCHAR)"
        f" WHEN s < '1' THEN list_extract(list_transform([ltrim(s, '0.')], lambda d: {digits}"
        " || 'E-' || CAST(length(s) - 1 - length(d) AS VARCHAR)), 1)"
        f" ELSE list_extract(list_transform([rtrim(replace(s, '.', ''), '0')], lambda d: {digits}"
        " || 'E' || CAST(strpos(s, '.') - 2 AS VARCHAR)), 1)"
        " END), 1)"
    )
    return (
        f"(CASE WHEN {sql} IS NULL THEN NULL WHEN {_PLAIN.format(sql)} THEN CAST({sql} AS VARCHAR)"
        f" WHEN isnan({sql}) THEN 'NaN' WHEN isinf({sql}) THEN CASE WHEN {sql} > 0 THEN 'Infinity' ELSE '-Infinity' END"
        f" ELSE CASE WHEN {sql} < 0 THEN '-' ELSE '' END || {scientific} END)"
    )


def unfinished_text(sql: str) -> str:
    """The SQL of a double's text for `finished`."""
    return f"(CASE WHEN {_PLAIN.format(sql)} THEN '' ELSE chr(0) END || CAST({sql} AS VARCHAR))"


def finished(row: str) -> str:
    """A row's JSON with every double spelled."""
    return _LEFT.sub(lambda left: scientific(left[1]), row) if "\0" in row else row


def scientific(text: str) -> str:
    """The spelling of a double that is not spelled plainly, from the shortest text that is read back as it."""
    if text in _ODD:
        return _ODD[text]
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    rest = "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{int(exponent) + len(digits) - 1}"
