"""Numbers as Prometheus writes them into the labels `le` and `quantile`."""

import math
from decimal import Decimal
from functools import lru_cache

# strconv.FormatFloat(number, 'g', -1, 64), by which Go's clients write them: exponents from this many digits on.
_PLAIN_DIGITS = 6
_PLAIN_ZEROS = -4


@lru_cache(maxsize=4096)
def number_text(number: float) -> str:
    """The shortest digits that give the number back: `0.5`, `1`, `1e+06`, `+Inf`."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else f"{'+' if number > 0 else '-'}Inf"
    if number == 0:
        return "0"
    digits = Decimal(repr(number)).normalize()
    exponent = digits.adjusted()
    if _PLAIN_ZEROS <= exponent < _PLAIN_DIGITS:
        return f"{digits:f}"
    return f"{digits.scaleb(-exponent):f}e{exponent:+03}"
