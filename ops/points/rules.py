"""The rules that a point meets on its way, one after the other: the API's model, the reader's, the registry's."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.adapters.lake.limits import lake_limits
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import NO_CLIENT, StreamRecord
from handlers.domain.ingest.formats.json import read_metric
from handlers.domain.ingest.registry import admit_points
from handlers.domain.ingest.store import StoreLimits
from handlers.domain.ingest.validator import NotFinite, PointValidator
from handlers.domain.point import Point
from handlers.domain.violation import Reason, Violation
from handlers.vocabulary import LAKE
from templates.config.pipeline import Store


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a point breaks, and if API Gateway answers 400 to the request that it is in."""

    violation: Violation
    refused: bool


def limits_of(store: Store) -> StoreLimits:
    """The limits by which the writer judges points before it gives them to the store."""
    if store.kind == LAKE:
        return lake_limits(store.days_kept, store.dimension_budget)
    return store_limits(store.days_kept)


class PointRules:
    """The rules for points that arrive at one time (`arrival_ms`) at a store with these limits."""

    def __init__(self, limits: StoreLimits, *, arrival_ms: int, names: Iterable[str] = ()) -> None:
        """`names` are the dimension names that the table has."""
        self._budget = limits.dimension_names
        self._validator = PointValidator(limits)
        self._registry = _Registry({name.lower(): name for name in names})
        self._record = StreamRecord("json", NO_CLIENT, "", arrival_ms, 0, "", b"")

    def point(self, raw: object, index: int = 0) -> Point | Fault:
        """The point as it would be stored, or the first rule that it breaks; its new names count as admitted."""
        refused = not _fits_model(raw)
        found = read_metric(raw, index, self._record, self._validator)
        if isinstance(found, Violation):
            return Fault(found, refused)
        if refused:  # the model is no stricter than the reader, as a test holds
            return Fault(Violation(Reason.BODY_FORM, "metric", "the API's model refuses it"), refused)
        [verdict] = admit_points([found], self._registry, self._budget).verdicts
        return Fault(verdict, refused=False) if isinstance(verdict, Violation) else found


class _Registry:
    """The names of a table, in memory."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def known(self) -> Mapping[str, str]:
        """All of them."""
        return self._names

    refresh = known

    def admit(self, names: Iterable[str]) -> bool:
        """Adds the names."""
        self._names |= {name.lower(): name for name in names}
        return True


def _fits_model(raw: object) -> bool:
    given = {name: _number(value) for name, value in raw.items()} if isinstance(raw, dict) else raw
    return _model()(given)


@cache
def _model() -> Callable[[object], bool]:
    """The API's model of one metric; it is loaded, and the templates with it, by commands that ask it alone."""
    import fastjsonschema  # noqa: PLC0415 - see above

    from templates.components.ingest_api.formats.metrics import METRIC, REQUIRED  # noqa: PLC0415 - see above

    check = fastjsonschema.compile(
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "required": REQUIRED,
            "additionalProperties": False,
            "properties": METRIC,
        },
        use_formats=False,
        use_default=False,
    )

    def accepts(raw: object) -> bool:
        try:
            check(raw)
        except (fastjsonschema.JsonSchemaValueException, RecursionError):
            return False
        return True

    return accepts


def _number(value: Any) -> Any:
    """A number that no double holds as API Gateway sees it: a large one, or no JSON."""
    if isinstance(value, NotFinite) and math.isinf(float(value.literal)) and value.literal[-1].isdigit():
        return 10**400
    return value
