"""UNLOAD (…) TO 's3://…' WITH (…), and CREATE TABLE … WITH (…) AS …: a query, and where its rows go.

Sources: https://docs.aws.amazon.com/athena/latest/ug/unload.html and …/create-table-as.html
"""

import re
from collections.abc import Mapping

from sqlglot import exp

from emulator.athena.engine.files import Target
from emulator.sql import InvalidQueryError
from emulator.sql.parser import Parser, TokenReader
from emulator.sql.parser.tokens import NUMBER, STRING

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)", re.DOTALL)
_COMPRESSIONS = {"PARQUET": ("GZIP", "SNAPPY", "ZSTD", "NONE"), "JSON": ("GZIP", "NONE")}


def unloaded(sql: str) -> tuple[exp.Expression, Target]:
    """The query that an UNLOAD exports, and where its rows go; InvalidQueryError where the statement is wrong."""
    reader = Parser(sql)
    reader.expect("UNLOAD")
    inner = reader.parenthesised_query()
    reader.expect("TO")
    place = reader.string()
    properties = read_properties(reader)
    reader.end()
    return inner, target_of(place, properties, {"format": "", "compression": "GZIP"}, "UNLOAD")


def target_of(place: str, given: Mapping[str, str], known: Mapping[str, str], statement: str) -> Target:
    """A place with a form; `known` are the names of format and compression, with what they are unless given."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise InvalidQueryError(f"{statement} needs a location such as 's3://bucket/folder/', not '{place}'")
    other = next((name for name in given if name not in known), None)
    if other is not None:
        raise InvalidQueryError(f"{statement} property '{other}' is not supported by this emulator")
    form, compression = ({**known, **given}[name].upper() for name in known)
    if form not in _COMPRESSIONS:
        raise InvalidQueryError(
            f"{statement} format '{form}' is not supported by this emulator: {' or '.join(_COMPRESSIONS)}"
        )
    if compression not in _COMPRESSIONS[form]:
        raise InvalidQueryError(
            f"{statement} compression '{compression}' of {form} is not supported by this emulator:"
            f" {' or '.join(_COMPRESSIONS[form])}"
        )
    prefix = found[2].rstrip("/")
    return Target(found[1], f"{prefix}/" if prefix else "", form, compression)


def read_properties(reader: TokenReader) -> dict[str, str]:
    """Read WITH and properties in parentheses, of which each is one text or number."""
    reader.expect("WITH")
    reader.expect("(")
    values: dict[str, str] = {}
    more = True
    while more:
        option = reader.identifier().name.lower()
        reader.expect("=")
        if reader.key == "ARRAY":
            raise reader.lacks(f"the property '{option}'")
        if reader.token.kind not in (STRING, NUMBER) and reader.key not in ("TRUE", "FALSE"):
            raise reader.mismatch("<string>", "<number>", "<boolean>")
        values[option] = reader.take().value
        more = reader.accept(",")
    reader.expect(")")
    return values
