"""The names of types in casts: bigint, timestamp(3) with time zone, array(row(a double))."""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.expressions.datatypes import DType as _Type

from emulator.sql.parser.reader import TokenReader
from emulator.sql.parser.tokens import INTEGER_KEY, Token

_KNOWN = {
    "BOOLEAN": _Type.BOOLEAN, "TINYINT": _Type.TINYINT, "SMALLINT": _Type.SMALLINT, "INTEGER": _Type.INT,
    "INT": _Type.INT, "BIGINT": _Type.BIGINT, "REAL": _Type.FLOAT, "DOUBLE": _Type.DOUBLE,
    "DECIMAL": _Type.DECIMAL, "VARCHAR": _Type.VARCHAR, "CHAR": _Type.CHAR, "VARBINARY": _Type.VARBINARY,
    "JSON": _Type.JSON, "DATE": _Type.DATE, "TIME": _Type.TIME, "TIMESTAMP": _Type.TIMESTAMP,
    "ARRAY": _Type.ARRAY, "MAP": _Type.MAP, "ROW": _Type.STRUCT,
}  # fmt: skip
INTERVAL_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


class TypeReader(TokenReader):
    """Reads types."""

    def type(self) -> exp.DataType:
        """Read a type."""
        token = self.token
        found = self._base()
        while self.key == "ARRAY":
            self.take()
            if self.accept("["):
                self.expect(INTEGER_KEY)
                self.expect("]")
            found = self._made(_Type.ARRAY, token, [found])
        return found

    def type_named(self, token: Token) -> exp.DataType:
        """The type that a name alone means, as in DATE '2026-01-31'."""
        known = _KNOWN.get(token.key)
        if known is not None:
            return self._made(known, token, [])
        return self.made(
            exp.DataType, token, this=_Type.USERDEFINED, kind=token.value.lower(), expressions=[]
        )

    def _base(self) -> exp.DataType:
        token = self.token
        if self.key in ("TIMESTAMP", "TIME"):
            return self._moment()
        if self.key == "INTERVAL" and self.peek() in INTERVAL_FIELDS:
            return self._interval()
        if self.accept("DOUBLE", "PRECISION"):
            return self._made(_Type.DOUBLE, token, [])
        if self.key == "ROW" and self.peek() == "(":
            return self._row()
        if self.key in ("ARRAY", "MAP") and self.peek() == "<":
            return self._legacy()
        self.identifier()
        found = self.type_named(token)
        if self.accept("("):
            parameters = [self._parameter()]
            while self.accept(","):
                parameters.append(self._parameter())
            self.expect(")")
            found.set("expressions", parameters)
        return found

    def _parameter(self) -> exp.Expression:
        if self.key == INTEGER_KEY:
            token = self.take()
            return self.made(
                exp.DataTypeParam,
                token,
                this=self.made(exp.Literal, token, this=token.value, is_string=False),
            )
        return self.type()

    def _moment(self) -> exp.DataType:
        token = self.take()
        zoned = {"TIMESTAMP": _Type.TIMESTAMPTZ, "TIME": _Type.TIMETZ}
        digits: list[exp.Expression] = []
        if self.accept("("):
            digits = [self._parameter()]
            self.expect(")")
        kind = _KNOWN[token.key]
        if self.accept("WITH", "TIME", "ZONE"):
            kind = zoned[token.key]
        else:
            self.accept("WITHOUT", "TIME", "ZONE")
        return self._made(kind, token, digits)

    def _interval(self) -> exp.DataType:
        token = self.take()
        words = [self.take().key]
        if self.accept("TO"):
            if self.key not in INTERVAL_FIELDS:
                raise self.mismatch(*(f"'{name}'" for name in INTERVAL_FIELDS))
            words = [words[0], "TO", self.take().key]
        name = f"interval {' '.join(words).lower()}"
        return self.made(exp.DataType, token, this=_Type.USERDEFINED, kind=name, expressions=[])

    def _row(self) -> exp.DataType:
        token = self.take()
        self.expect("(")
        fields = [self._field()]
        while self.accept(","):
            fields.append(self._field())
        self.expect(")")
        return self._made(_Type.STRUCT, token, fields)

    def _field(self) -> exp.Expression:
        """Read a row's field: a name and a type, or a type alone."""
        token = self.token
        alone = self.peek() in (",", ")", "(", "<") or self.key in (
            "ROW",
            "DOUBLE",
            "INTERVAL",
            "TIMESTAMP",
            "TIME",
        )
        if alone or self.peek() == "ARRAY":
            place, self_key = self.index, self.key
            kind = self.type()
            if self.key in (",", ")"):
                return kind
            self.index, self.key = place, self_key
        name = self.identifier()
        return self.made(exp.ColumnDef, token, this=name, kind=self.type())

    def _legacy(self) -> exp.DataType:
        token = self.take()
        self.expect("<")
        inner = [self.type()]
        if token.key == "MAP":
            self.expect(",")
            inner.append(self.type())
        self.expect(">")
        return self._made(_KNOWN[token.key], token, inner)

    def _made(self, kind: _Type, token: Token, parameters: Sequence[exp.Expression]) -> exp.DataType:
        return self.made(exp.DataType, token, this=kind, expressions=list(parameters))


def type_text(kind: exp.DataType) -> str:
    """A type as Trino's messages spell it."""
    name = kind.args.get("kind") or _SPELLED.get(kind.this) or kind.this.name.lower()
    zone = ""
    if kind.this in (_Type.TIMESTAMPTZ, _Type.TIMETZ):
        name, zone = ("timestamp" if kind.this is _Type.TIMESTAMPTZ else "time"), " with time zone"
    parts = [_parameter_text(part) for part in kind.expressions]
    return f"{name}({', '.join(parts)}){zone}" if parts else f"{name}{zone}"


_SPELLED = {_Type.INT: "integer", _Type.FLOAT: "real", _Type.STRUCT: "row"}


def _parameter_text(part: exp.Expression) -> str:
    if isinstance(part, exp.ColumnDef):
        return f"{part.this.name} {type_text(part.args['kind'])}"
    return type_text(part) if isinstance(part, exp.DataType) else part.name
