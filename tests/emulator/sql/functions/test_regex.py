"""Regular expressions as Java reads them, on any text."""

import pytest

from tests.support.sql_fleet import Ask, one


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (r"regexp_like('é1', '\d')", True),
        (r"regexp_like('é', '^\w$')", False),
        (r"regexp_like('É', '(?i)é')", True),
        (r"regexp_like('ABC', '(?i)abc')", True),
        (r"regexp_like('a' || chr(10) || 'b', 'a.b')", False),
        (r"regexp_like('a' || chr(10) || 'b', '(?s)a.b')", True),
        (r"regexp_like('a' || chr(10) || 'b', '(?m)^b$')", True),
        (r"regexp_like('a' || chr(10), 'a$')", True),
        (r"regexp_like('a' || chr(13) || chr(10), 'a$')", True),
        (r"regexp_like('a' || chr(10) || chr(10), 'a$')", False),
        (r"regexp_extract('ab' || chr(10), 'b$')", "b"),
        (r"regexp_replace('a ' || chr(10), '\s+$')", "a"),
        (r"regexp_replace('a' || chr(10), 'a$', 'x')", "x\n"),
        (r"regexp_replace('foo été foo', '\bfoo\b', 'x')", "x été x"),
        (r"regexp_extract_all('ü1 b2', '[a-z]\d$')", ["b2"]),
        (r"regexp_replace('new york', '(\w)(\w*)', x -> upper(x[1]) || lower(x[2]))", "New York"),
        (r"regexp_replace('a1b22', '(\d+)', x -> '<' || x[1] || '>')", "a<1>b<22>"),
        (r"regexp_replace('é' || chr(10), '(é)$', x -> 'e')", "e\n"),
        (r"regexp_replace('', '(a)', x -> x[1])", ""),
        (r"regexp_replace(NULL, '(a)', x -> x[1])", None),
        (r"regexp_split('a1b22c', '\d+')", ["a", "b", "c"]),
    ],
)
def test_any_text(ask: Ask, call: str, wanted: object) -> None:
    """\\w, \\d, \\s and \\b are of ASCII, (?i) is of every script, and $ also stands before a last line end."""
    assert one(ask, call) == wanted
