"""Time series functions: series made of rows, interpolated, derived, integrated and correlated.

https://docs.aws.amazon.com/timestream/latest/developerguide/timeseries-specific-constructs.html
"""

from collections.abc import Mapping

from emulator.sql.call import Aggregate, Function
from emulator.timestream.series import calculus, correlation, creation, interpolation

SERIES_FUNCTIONS: Mapping[str, Function] = {
    **calculus.FUNCTIONS,
    **correlation.FUNCTIONS,
    **interpolation.FUNCTIONS,
}
SERIES_AGGREGATES: Mapping[str, Aggregate] = creation.AGGREGATES
