"""Hostile points and bodies, at random from a seed."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIRST_ID = 1_000_000_000
"""The least number of a point, which is its value."""

_PIECES = (
    "'", '"', "`", ";", "--", "' OR 1=1 --", "'; DROP TABLE metrics; --", '"."', "$(id)", "`id`", "| cat /etc/passwd",
    "../../../../etc/passwd", "/", "\\", "C:\\", "%2e%2e%2f", "\x00", "\x01", "\x1b[2J", "\x1b]0;x\x07", "\x7f", "\x9b",
    "\n", "\r\n", "\t", "%s%n%x", "{0}", "{{", "}}", "{group.host}", "{self.__class__}", "${jndi:ldap://x}", "#{7*7}",
    "$input.json('$')", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;", "]]>", "<!--", "\u202e",
    "\u200b", "\u2028", "\ufeff", "é", "e\u0301", "💩", "𝕏", "ﷺ", "İ", "ß", "null", "NaN", "-0", "1e999", "true",
    "__proto__", "metric_name", "time", "measure_value::double", "value", "=", ",", " ", "", "host=a", "a,b=c d=1",
    "\\,", "\ud800", "\udfff", "x" * 257, "ü" * 128, "A" * 2049, "0" * 50, "[", "{", "@", "*", "?", "~", "!", "^", "#",
)  # fmt: skip
# A table takes 120 names of clients' dimensions for ever, so that most of these have to be few.
_NAMES = (
    "host",
    "room",
    "ho'st",
    'ro"om',
    "a b",
    "über",
    "SELECT",
    "9",
    "a.b",
    "a-b",
    "a=b",
    "_",
    "<b>",
    "{x}",
    "%s",
)
_VALUES = ("1e400", "-1e400", '"7"', "null", "true", "[]", "{}", "9" * 400, "0.1", "-0.0", "1e-320")
_DEPTH, _MANY = 3_000, 2_000


@dataclass(frozen=True)
class HostilePoint:
    """A point in our JSON. Its number is its value, and None if it has another that nothing tells it by."""

    number: int | None
    text: bytes


@dataclass(frozen=True)
class ForeignPoint:
    """A point for other people's protocols. Its number is its value."""

    number: int
    time_ms: int
    name: str
    dimensions: Mapping[str, str]


class Inputs:
    """Inputs, counted; each point's number and time are its own."""

    def __init__(self, chance: random.Random, first_ms: int, first_number: int) -> None:
        self.chance = chance
        self.count = 0
        self._first_ms, self._first_number = first_ms, first_number

    def points(self, count: int) -> Sequence[HostilePoint]:
        """So many points, most of which can be taken."""
        return [self._point() for _ in range(count)]

    def foreign(self, count: int) -> Sequence[ForeignPoint]:
        """So many points with hostile names and dimensions, in texts that every protocol can carry."""
        found = []
        for _ in range(count):
            dimensions = {
                _carried(self._name()): _carried(self._text()) for _ in range(self.chance.randint(0, 3))
            }
            number, time_ms = self._first_number + self.count, self._first_ms + self.count
            found.append(ForeignPoint(number, time_ms, _carried(self._text()), dimensions))
            self.count += 1
        return found

    def body(self) -> tuple[str, bytes]:
        """A body for the path of a protocol, by its name; most are not of the protocol."""
        self.count += 1
        name = self.chance.choice(("json", "gzip", "otlp_json", "otlp_protobuf", "lines", "collectd"))
        return name, self.chance.choice((self._nested, self._raw, self._lines, self._foreign, self._wide))()

    def _point(self) -> HostilePoint:
        chance = self.chance
        number: int | None = self._first_number + self.count
        point = {
            "metric_name": self._text() if chance.random() < 0.9 else "plain",
            "value": number,
            "timestamp": self._first_ms + self.count,
            "dimensions": {self._name(): self._text() for _ in range(chance.randint(0, 3))},
        }
        self.count += 1
        text = json.dumps(point)
        if chance.random() < 0.02:
            text = text.replace(f'"value": {number}', f'"value": {chance.choice(_VALUES)}')
            return HostilePoint(None, text.encode())
        if chance.random() < 0.02:
            field = self._text()
            text = f"{text[:-1]}, {json.dumps(field)}: 1}}"
            number = None if field == "value" else number  # of two fields of one name the last one counts
        elif chance.random() < 0.02:
            text = text.replace(
                f'"timestamp": {point["timestamp"]}', f'"timestamp": {chance.choice(_VALUES)}'
            )
        return HostilePoint(number, text.encode())

    def _name(self) -> str:
        return self._text() if self.chance.random() < 0.01 else self.chance.choice(_NAMES)

    def _text(self) -> str:
        return "".join(self.chance.choice(_PIECES) for _ in range(self.chance.randint(1, 3)))

    def _nested(self) -> bytes:
        opening, closing = self.chance.choice((("[", "]"), ('{"a":', "}"), ('{"metrics":[', "]}")))
        depth = self.chance.randint(2, _DEPTH)
        return f"{opening * depth}1{closing * depth}".encode()

    def _raw(self) -> bytes:
        return self.chance.randbytes(self.chance.randint(0, _MANY))

    def _lines(self) -> bytes:
        lines = (
            f"{self._text()},{self._text()}={self._text()} {self._text()}={self.chance.random()}"
            for _ in range(5)
        )
        return "\n".join(lines).encode("utf-8", "surrogatepass")

    def _foreign(self) -> bytes:
        """A body of OpenTelemetry's or collectd's form with hostile texts in it."""
        point = {
            "asDouble": 1,
            "timeUnixNano": self._text(),
            "attributes": [{"key": self._text(), "value": {}}],
        }
        metric = {"name": self._text(), "gauge": {"dataPoints": [point]}}
        found = self.chance.choice(
            (
                {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]},
                [{"values": [1, self._text()], "dsnames": [self._text()], "plugin": self._text(), "time": 1}],
                {"metrics": [{"metric_name": self._text(), "value": self._text()}]},
                {self._text(): self._text()},
            )
        )
        return json.dumps(found).encode()

    def _wide(self) -> bytes:
        return json.dumps({"metrics": [self._text()] * self.chance.randint(1, _MANY)}).encode()


def _carried(text: str) -> str:
    """The text as UTF-8 can carry it, which has no halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()
