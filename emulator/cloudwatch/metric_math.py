"""Metric math: numbers, other queries' ids, arithmetic, comparisons and IF.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

Values = Mapping[str, float | None]
"""The value of each id in one period, None where it has none."""


class Expression:
    """An expression, whose grammar is that of Python as far as it goes here; ValueError for what goes further."""

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            self._root = ast.parse(text.strip(), mode="eval").body
        except SyntaxError:
            raise self._unknown() from None
        self.ids = frozenset(
            node.id for node in ast.walk(self._root) if isinstance(node, ast.Name) and node.id != "IF"
        )
        self.value(dict.fromkeys(self.ids))

    def value(self, values: Values) -> float | None:
        """The value in one period; None where one that it needs is missing, or where it divides by zero."""
        try:
            return self._value(self._root, values)
        except ZeroDivisionError:
            return None

    def _value(self, node: ast.expr, values: Values) -> float | None:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in values:
                return values[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._value(operand, values)
                return None if inner is None else -inner
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                return self._both(left, sign, right, values)
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _OPERATORS:
                return self._both(left, sign, right, values)
            case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise], keywords=[]):
                told = self._value(condition, values)
                chosen = (self._value(then, values), self._value(otherwise, values))
                return None if told is None else chosen[not told]
        raise self._unknown()

    def _both(self, left: ast.expr, sign: Any, right: ast.expr, values: Values) -> float | None:
        one, other = self._value(left, values), self._value(right, values)
        return None if one is None or other is None else float(_OPERATORS[type(sign)](one, other))

    def _unknown(self) -> ValueError:
        return ValueError(
            "metric math here knows numbers, ids, + - * /, comparisons and IF(condition, then, otherwise), "
            f"not {self._text!r}"
        )
