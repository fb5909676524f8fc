"""Squares: the exact sums of values and of their squares, from which the standard deviation follows."""

from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from handlers.domain.alerts.windows.exact_sum import EXACT, exact_text

# Squares of doubles have at most 617 digits before the point and 684 behind it, and a count adds some. If that were
# wrong, the trap would tell instead of rounding.
_EXACT = Context(prec=1_400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
# Binary digits of a root that is no fraction.
_ROOT_DIGITS = 96


class Squares(NamedTuple):
    """The number of some values, their sum, and the sum of their squares; each is the decimal it is written as."""

    number: int
    total: Decimal
    squares: Decimal

    @classmethod
    def of(cls, values: Iterable[float], total: Decimal) -> "Squares":
        """The squares of finite values with this sum."""
        count, squares = 0, Decimal(0)
        for number in map(Decimal, map(repr, values)):
            count, squares = count + 1, _EXACT.fma(number, number, squares)
        return cls(count, total, squares)

    @classmethod
    def read(cls, count: int, total: str, squares: str) -> "Squares":
        """The squares that were written as this text, of so many values with this sum; that of one value says all."""
        number = Decimal(total)
        return cls(count, number, Decimal(squares) if squares else _EXACT.multiply(number, number))

    def text(self) -> str:
        """The sum of squares, nothing for one value."""
        return "" if self.number == 1 else exact_text(self.squares, _EXACT)

    def merge(self, other: "Squares") -> "Squares":
        """The squares of all values of both."""
        total, squares = EXACT.add(self.total, other.total), _EXACT.add(self.squares, other.squares)
        return Squares(self.number + other.number, total, squares)

    def deviation(self) -> Fraction:
        """The standard deviation: of all these values, not of a population that they are a sample of."""
        return _root(Fraction(self.squares) / self.number - (Fraction(self.total) / self.number) ** 2)


def _root(square: Fraction) -> Fraction:
    """The root of a square; of another number the nearest below, to more digits than a double has."""
    product = square.numerator * square.denominator
    whole = isqrt(product)
    if whole * whole == product:
        return Fraction(whole, square.denominator)
    shift = max(0, _ROOT_DIGITS - product.bit_length() // 2)
    return Fraction(isqrt(product << 2 * shift), square.denominator << shift)
