"""The one moment that now() is in a query, left open so that a translation can be used again."""

import re

_MARK = re.compile("\0(-?[0-9]+)\0")


def now_sql(offset: int) -> str:
    """Return what stands in a translation for the query's moment moved by an offset in nanoseconds.

    NUL cannot be in a query's text, so nothing a caller writes can look like it.
    """
    return f"\0{offset}\0"


def at(sql: str, now_ns: int) -> str:
    """A translation for a query that starts at this moment."""
    return _MARK.sub(lambda mark: f"CAST({now_ns + int(mark[1])} AS BIGINT)", sql)
