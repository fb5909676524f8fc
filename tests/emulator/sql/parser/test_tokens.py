"""Text as tokens: numbers, strings, names, comments, and what Timestream has besides."""

import pytest

from emulator.sql.errors import MalformedQueryError
from emulator.sql.parser import TRINO_GRAMMAR, Grammar, first_word
from emulator.sql.parser.tokens import tokens
from emulator.timestream.dialect import GRAMMAR


@pytest.mark.parametrize(
    ("text", "grammar", "keys"),
    [
        ("1e0+1", TRINO_GRAMMAR, ["<double>", "+", "<integer>"]),
        ("x*1e3-5", TRINO_GRAMMAR, ["X", "*", "<double>", "-", "<integer>"]),
        ("1.5e-3 .5 1. 7", TRINO_GRAMMAR, ["<double>", "<decimal>", "<decimal>", "<integer>"]),
        (
            "a<>b!=c<=d||e->f",
            TRINO_GRAMMAR,
            [*"A", "<>", *"B", "<>", *"C", "<=", *"D", "||", *"E", "->", *"F"],
        ),
        (
            "'it''s' \"a\"\"b\" U&'x' X'0a'",
            TRINO_GRAMMAR,
            ["<string>", "<identifier>", "<unicode>", "<binary>"],
        ),
        ("a--b\nc/*d\n*/e -- f", TRINO_GRAMMAR, ["A", "C", "E"]),
        (
            "5m 1.5h 10 ms 1e5 30SECOND",
            GRAMMAR,
            ["<duration>", "<duration>", "<integer>", "MS", "<double>", "<duration>"],
        ),
        ("measure_value::double", GRAMMAR, ["<identifier>"]),
        ('"measure_value" :: BIGINT', GRAMMAR, ["<identifier>"]),
        ("measure_value::decimal", GRAMMAR, ["MEASURE_VALUE", "::", "DECIMAL"]),
        ("@name ?", GRAMMAR, ["<parameter>", "?"]),
        ("1;", TRINO_GRAMMAR, ["<integer>"]),
    ],
)
def test_tokens(text: str, grammar: Grammar, keys: list[str]) -> None:
    """Each token is known by its key, and the last is the end."""
    assert [token.key for token in tokens(text, grammar)] == [*keys, "<EOF>"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1:1: mismatched input '<EOF>': the query is empty."),
        (" ; ", "line 1:4: mismatched input '<EOF>'"),
        ("-- nothing", "line 1:11: mismatched input '<EOF>'"),
        ("SELECT 1;;", "line 1:9: mismatched input ';'. Only one statement is allowed."),
        ("SELECT 'open", "line 1:8: mismatched input ''': the string is not closed"),
        ('SELECT\n "open', "line 2:2: mismatched input '\"': the identifier is not closed"),
        ("SELECT 1 /* open", "line 1:10: mismatched input '/*': the comment is not closed"),
        ("SELECT `a`", "line 1:8: backquoted identifiers are not supported"),
        ("SELECT 1_000", "line 1:8: mismatched input '1_000'"),
        ("SELECT 5m", "line 1:8: mismatched input '5m': identifiers must not start with a digit"),
        ('SELECT ""', "line 1:8: Zero-length delimited identifier not allowed"),
        ("SELECT é", "line 1:8: mismatched input 'é'"),
        ("SELECT @a", "line 1:8: mismatched input '@'"),
        ("SELECT {fn now()}", "line 1:8: mismatched input '{'"),
        ("SELECT 1; SELECT 2", "line 1:9: mismatched input ';'. Only one statement is allowed."),
        ("SELECT '\0'", "line 1:9: The query has a character that is not allowed."),
        (f"SELECT '{'x' * 262_144}'", "line 1:1: The query is longer than 262144 bytes."),
    ],
)
def test_what_is_no_token(text: str, says: str) -> None:
    """Text that no token starts with is refused where it stands."""
    with pytest.raises(MalformedQueryError) as refused:
        tokens(text, TRINO_GRAMMAR)
    assert refused.value.message.startswith(says)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("select 1", "SELECT"),
        (" -- a\n/* b */ Unload(", "UNLOAD"),
        ("(SELECT", ""),
        ("", ""),
        ("/* " * 50_000, ""),
    ],
)
def test_first_word(text: str, word: str) -> None:
    """The first word is found behind comments, and soon."""
    assert first_word(text) == word
