"""Literals: numbers, strings, typed strings, intervals, and words that are values."""

import re

from sqlglot import exp

from emulator.sql.errors import malformed
from emulator.sql.parser.tokens import INTEGER_KEY, NAME, STRING_KEY, Token
from emulator.sql.parser.types import INTERVAL_FIELDS, TypeReader

_MOMENTS: dict[str, type[exp.Expression]] = {
    "CURRENT_DATE": exp.CurrentDate,
    "CURRENT_TIME": exp.CurrentTime,
    "CURRENT_TIMESTAMP": exp.CurrentTimestamp,
    "LOCALTIME": exp.Localtime,
    "LOCALTIMESTAMP": exp.Localtimestamp,
}
_UNICODE = "<unicode>"


class LiteralReader(TypeReader):
    """Reads literals."""

    def literal(self) -> exp.Expression | None:
        """Read a literal, if one comes next."""
        token = self.token
        if token.kind == NAME:
            return self._typed(token)
        if token.key in (STRING_KEY, _UNICODE):
            return self._text(token)
        if token.key in _NUMBERS:
            return self.made(exp.Literal, self.take(), this=token.value, is_string=False)
        if token.key in ("TRUE", "FALSE"):
            return self.made(exp.Boolean, self.take(), this=token.key == "TRUE")
        if token.key == "NULL":
            return self.made(exp.Null, self.take())
        if token.key == "<binary>":
            return self.made(exp.HexString, self.take(), this=token.value[2:-1])
        if token.key == "?":
            return self.made(exp.Placeholder, self.take())
        if token.key == "<duration>":
            text = self.made(exp.Literal, self.take(), this=token.value, is_string=True)
            return self.made(exp.Anonymous, token, this="parse_duration", expressions=[text])
        if token.key == "<parameter>":
            name = exp.Var(this=token.value[1:])
            return self.made(exp.Parameter, self.take(), this=name)
        return self._moment_literal(token) if token.key in _MOMENTS else None

    def _text(self, token: Token) -> exp.Literal:
        self.take()
        value = token.value
        if token.key == _UNICODE:
            value = self._unescaped(token)
        return self.made(exp.Literal, token, this=value, is_string=True)

    def _unescaped(self, token: Token) -> str:
        """The text of U&'…', whose escaped characters are four hexadecimal digits, or six behind a plus."""
        escape = "\\"
        if self.accept("UESCAPE"):
            place = self.token
            escape = self.string()
            if len(escape) != 1 or escape in "+'\" \t\n" or escape in "0123456789abcdefABCDEF":
                raise malformed("Invalid Unicode escape character", self.sql, place.offset)
        mark = re.escape(escape)
        pattern = re.compile(rf"{mark}(?:([0-9A-Fa-f]{{4}})|\+([0-9A-Fa-f]{{6}})|({mark})|)")

        def character(match: re.Match[str]) -> str:
            code = int(match[1] or match[2] or "-1", 16)
            if match[3]:
                return escape
            if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise malformed("Invalid escape sequence", self.sql, token.offset)
            return chr(code)

        return pattern.sub(character, token.value[3:-1].replace("''", "'"))

    def _typed(self, token: Token) -> exp.Expression | None:
        """Read DATE '…' or INTERVAL '2' DAY, if that comes next."""
        following = self.peek()
        if token.key == "INTERVAL":
            signed = following in ("+", "-")
            if self.peek(1 + signed) == STRING_KEY and self.peek(2 + signed) in INTERVAL_FIELDS:
                return self._interval_literal(token)
        if following in (STRING_KEY, _UNICODE):
            kind = self.type_named(self.take())
            return self.made(exp.Cast, token, this=self._text(self.token), to=kind, typed=True)
        if token.key == "DOUBLE" and following == "PRECISION" and self.peek(2) == STRING_KEY:
            self.take(), self.take()
            kind = self.type_named(token)
            return self.made(exp.Cast, token, this=self._text(self.token), to=kind, typed=True)
        return None

    def _interval_literal(self, token: Token) -> exp.Interval:
        self.take()
        sign = self.take().key if self.key in ("+", "-") else ""
        number = self._text(self.token)
        if sign:
            number.set("this", sign + number.name)
        unit: exp.Expression = self.made(exp.Var, self.token, this=self.take().key)
        if self.key == "TO" and self.peek() in INTERVAL_FIELDS:
            self.take()
            unit = exp.IntervalSpan(
                this=unit, expression=self.made(exp.Var, self.token, this=self.take().key)
            )
        return self.made(exp.Interval, token, this=number, unit=unit)

    def _moment_literal(self, token: Token) -> exp.Expression:
        """Read CURRENT_DATE and the like, which may have a precision."""
        self.take()
        found = self.made(_MOMENTS[token.key], token)
        if token.key != "CURRENT_DATE" and self.accept("("):
            digits = self.expect(INTEGER_KEY)
            self.expect(")")
            found.set("this", self.made(exp.Literal, digits, this=digits.value, is_string=False))
        return found


_NUMBERS = (INTEGER_KEY, "<decimal>", "<double>")
