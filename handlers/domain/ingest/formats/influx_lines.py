"""The syntax of InfluxDB's line protocol: lines, and the parts of one as they are written.

    measurement[,tag=value…] field=value[,field=value…] [time]

https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/. The versions of InfluxDB differ where one
backslash follows another in a name; here the second begins a new sequence, as in InfluxDB 1 and 2 and in Telegraf.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

# A backslash before anything else stands for itself.
_MEASUREMENT: Final = r"(?:[^ ,\\\n]++|\\[ ,]?+)++"
_NAME: Final = r"(?:[^ ,=\\\n]++|\\[ ,=]?+)++"
_TAG_VALUE: Final = r"(?:[^ ,\\\n]++|\\[ ,=]?+)*+"
# Within quotation marks there may be line breaks.
_STRING: Final = r'"(?:[^"\\]++|\\.)*+"'
_FIELD: Final = rf'{_NAME}=(?:{_STRING}|[^ ,\n"][^ ,\n]*+|)'
_KEY: Final = rf"{_MEASUREMENT}(?:,{_NAME}={_TAG_VALUE})*+"
_FIELDS: Final = rf"{_FIELD}(?:,{_FIELD})*+"

_POINT: Final = re.compile(rf"({_KEY}) ++({_FIELDS})(?: ++([^ \n]*+))?", re.DOTALL)
_POINT_LINE: Final = re.compile(rf'[ \t]*+{_KEY} ++{_FIELDS}(?: [^"\n]*+|\r)?(?=\n|\Z)', re.DOTALL)
_A_KEY: Final = re.compile(_KEY)
_A_TAG: Final = re.compile(rf",({_NAME})=({_TAG_VALUE})")
_A_FIELD: Final = re.compile(rf"({_NAME})=({_STRING}|[^ ,\n]*+)(?:,|\Z)", re.DOTALL)
_A_MEASUREMENT: Final = re.compile(_MEASUREMENT)

_ESCAPED_IN_MEASUREMENT: Final = re.compile(r"\\([ ,])")
_ESCAPED_IN_NAME: Final = re.compile(r"\\([ ,=])")
_ESCAPED_IN_STRING: Final = re.compile(r'\\(["\\])')

_BLANK: Final = " \t\r"


class BrokenLine(ValueError):  # noqa: N818 -- a verdict on a line, not an error of ours
    """The line is not of the protocol's form."""


def lines_of(text: str) -> Iterator[str]:
    """The lines that are neither blank nor a comment, without the blanks around them."""
    for line in _quoted_lines(text) if '"' in text else text.split("\n"):
        stripped = line.strip(_BLANK)
        if stripped and stripped[0] != "#":
            yield stripped


def _quoted_lines(text: str) -> Iterator[str]:
    """Lines, some of which go on behind a line break in a string; one that opens and is not closed ends its line."""
    position = 0
    while position < len(text):
        end = text.find("\n", position)
        if end < 0:
            end = len(text)
        if text.find('"', position, end) >= 0 and text[position:end].lstrip(_BLANK)[:1] != "#":
            whole = _POINT_LINE.match(text, position)
            end = whole.end() if whole else end
        yield text[position:end]
        position = end + 1


def split_line(line: str) -> tuple[str, Iterable[tuple[str, str]], str]:
    """A line's measurement with its tags, its fields by name, and its time or "", all as written; raises BrokenLine."""
    if '"' in line or "\\" in line:
        return _split_with_care(line)
    key, _, rest = line.partition(" ")
    field_set, _, time = rest.partition(" ")
    fields = []
    for field in field_set.split(","):
        name, equals, value = field.partition("=")
        if not equals or not name:
            return _split_with_care(line)
        fields.append((name, value))
    if " " in time:
        return _split_with_care(line)
    return key, fields, time


def _split_with_care(line: str) -> tuple[str, Iterable[tuple[str, str]], str]:
    point = _POINT.fullmatch(line)
    if point is None:
        raise BrokenLine(_fault(line))
    key, fields, time = point.groups("")
    return key, _A_FIELD.findall(fields), time


def _fault(line: str) -> str:
    key = _A_KEY.match(line)
    if key is None:
        return "it begins with no measurement"
    if key.end() < len(line) and line[key.end()] != " ":
        return "a tag is name=value, and a space follows the last one"
    if not line[key.end() :].strip():
        return "there is no field"
    return "fields are name=value, with commas and no spaces between them, and one time may follow"


def split_key(key: str) -> tuple[str, list[tuple[str, str]]]:
    """The measurement and its tags, which may be empty or repeated; raises BrokenLine."""
    if "\\" in key:
        if _A_KEY.fullmatch(key) is None:
            raise BrokenLine(_fault(key))
        end = _A_MEASUREMENT.match(key).end()  # type: ignore[union-attr]
        measurement = _ESCAPED_IN_MEASUREMENT.sub(r"\1", key[:end])
        return measurement, [(name_of(tag), name_of(value)) for tag, value in _A_TAG.findall(key, end)]
    measurement, *tags = key.split(",")
    pairs = []
    for tag in tags:
        name, equals, value = tag.partition("=")
        if not equals or not name:
            raise BrokenLine(_fault(key))
        pairs.append((name, value))
    if not measurement:
        raise BrokenLine(_fault(key))
    return measurement, pairs


def name_of(written: str) -> str:
    """A tag's name, its value or a field's name without the backslashes that escape."""
    return _ESCAPED_IN_NAME.sub(r"\1", written) if "\\" in written else written


def string_of(written: str) -> str:
    """The text of a string, which stands in quotation marks."""
    return _ESCAPED_IN_STRING.sub(r"\1", written[1:-1])
