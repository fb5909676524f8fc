"""Exact sums of doubles, each of which counts as the decimal number it is written as: 0.1 + 0.2 is 0.3.

Sums do not depend on the order, and take few bytes. Every sum of doubles fits: at most 309 digits before the point, 342
behind it, and those that a count adds. If that were wrong, the trap would tell instead of rounding.
"""

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from functools import reduce

import orjson

EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
# Entering the context costs as much as adding so many numbers by its method.
_FEW = 8


def exact_sum(values: Sequence[float]) -> Decimal:
    """The sum of finite doubles, of which there must be one.

    orjson writes a double as `repr` does, in the fewest digits that read back as the same, and writes all at once.
    """
    numbers = map(Decimal, orjson.dumps(values)[1:-1].decode().split(","))
    if len(values) < _FEW:
        return reduce(EXACT.add, numbers)
    with localcontext(EXACT):
        return sum(numbers, Decimal(0))


def short_texts(values: Sequence[float]) -> Iterator[str]:
    """Finite doubles as they are written, without a point and zero at their end."""
    return iter((orjson.dumps(values)[1:-1] + b",").replace(b".0,", b",")[:-1].decode().split(","))


def exact_text(number: Decimal, context: Context = EXACT) -> str:
    """A number in the fewest characters, from which `Decimal` reads exactly the same."""
    normal = context.normalize(number)
    plain, scientific = format(normal, "f"), str(normal)
    return plain if len(plain) <= len(scientific) else scientific
