"""JSON in texts."""

import pytest

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, one

_DOCUMENT = """'{"a": {"b": [1.5, "x", null, true]}, "c d": "é"}'"""


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (f"json_extract_scalar({_DOCUMENT}, '$.a.b[1]')", "x"),
        (f"json_extract_scalar({_DOCUMENT}, '$.a.b[0]')", "1.5"),
        (f"json_extract_scalar({_DOCUMENT}, '$.a.b[2]')", None),
        (f"json_extract_scalar({_DOCUMENT}, '$.a.b')", None),
        (f"""json_extract_scalar({_DOCUMENT}, '$["c d"]')""", "é"),
        (f"json_extract({_DOCUMENT}, '$.a.b')", '[1.5,"x",null,true]'),
        (f"json_extract({_DOCUMENT}, '$.z')", None),
        ("json_extract('no JSON', '$.z')", None),
        (f"json_array_length(json_extract({_DOCUMENT}, '$.a.b'))", 4),
        ("json_array_length('{}')", None),
        (f"json_size({_DOCUMENT}, '$.a')", 1),
        (f"json_size({_DOCUMENT}, '$.a.b')", 4),
        (f"json_size({_DOCUMENT}, '$.a.b[0]')", 0),
        (f"json_size({_DOCUMENT}, '$.z')", None),
        ("is_json_scalar('[1]')", False),
        ("is_json_scalar('null')", True),
        ("json_format(json_parse('[1, 2]'))", "[1,2]"),
        ("json_format(json_parse(NULL))", None),
    ],
)
def test_documents(ask: Ask, call: str, wanted: object) -> None:
    """What a path leads to is found; where it leads nowhere, or the text is no JSON, there is NULL."""
    assert one(ask, call) == wanted


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("json_parse('no JSON')", "Cannot convert value to JSON: no JSON"),
        ("json_extract('{}', '$..a')", "does not have json_extract with a path that is no literal"),
        ("json_extract(1, '$.a')", "Unexpected parameters (integer, varchar)"),
        ("json_format('{}')", "Unexpected parameters (varchar)"),
    ],
)
def test_refused(ask: Ask, call: str, says: str) -> None:
    """What is no JSON fails to be read as it, and paths of other kinds are not known."""
    with pytest.raises(SqlError) as refusal:
        one(ask, call)
    assert says in refusal.value.message
