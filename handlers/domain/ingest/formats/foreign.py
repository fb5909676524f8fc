"""Labels, tags and attributes of other protocols as dimensions: one mapping for all of them.

Stores and Athena take letters, digits and underscores in a column's name, so the names of others are written with
these. Our own JSON keeps the names that it is sent, and refuses what it cannot keep.
"""

import base64
import json
import math
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from handlers.domain.dimensions import is_reserved
from handlers.domain.ingest.memory import Memory
from handlers.vocabulary import DEFAULT_METRIC_TYPE, METRIC_TYPES

if TYPE_CHECKING:
    from handlers.domain.ingest.formats.samples import Labels

# Attributes of OTLP's resources and scopes that become dimensions where nothing else is said.
DEFAULT_OTLP_ATTRIBUTES = frozenset({"service.name", "service.namespace", "host.name"})

_TYPE_LABEL = "metric_type"
_RENAMED_TYPE = "_metric_type"
# Bytes that were no UTF-8 stay, as lone surrogates, and the name is refused for them.
_OTHER_CHARACTER = re.compile(r"[^A-Za-z0-9_\ud800-\udfff]")


@dataclass(slots=True)
class DimensionMapping:
    """The attributes that become dimensions, and the labels that were shown so far: series repeat all the time.

    One instance goes with one validator, as the labels hold what that said of them.
    """

    otlp_attributes: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES
    labels: dict[Hashable, "Labels"] = field(default_factory=dict)
    # Single labels by their bytes, and those by the format that reads them so.
    pairs: defaultdict[str, dict[bytes, tuple[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    memory: Memory = field(default_factory=Memory)

    def keep(self, key: Hashable, labels: "Labels", text_bytes: int) -> "Labels":
        """The labels, which are known by their key, of so much text, from now on."""
        return self.memory.keep(self.labels, key, labels, text_bytes, dimensions=len(labels.dimensions))


def dimensions_of(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], str]:
    """The dimensions and the metric's type that names and values of another protocol stand for.

    An empty value is an absent one. Values whose names become the same are joined with `;`, in the order of the names
    as they were, as OpenTelemetry has it for Prometheus. `metric_type` with one of our types is the metric's type.
    """
    given = list(pairs)
    dimensions = {dimension_name(original): value for original, value in given}
    if len(dimensions) == len(given) and _RENAMED_TYPE not in dimensions and all(dimensions.values()):
        return dimensions, DEFAULT_METRIC_TYPE
    dimensions = {}
    metric_type = DEFAULT_METRIC_TYPE
    for original, value in sorted(given):
        if not value:
            continue
        if original == _TYPE_LABEL and value in METRIC_TYPES:
            metric_type = value
            continue
        name = dimension_name(original)
        dimensions[name] = f"{dimensions[name]};{value}" if name in dimensions else value
    return dimensions, metric_type


@lru_cache(maxsize=4096)
def dimension_name(original: str) -> str:
    """A name in letters, digits and underscores, with one of these before a leading digit and a reserved name."""
    name = _OTHER_CHARACTER.sub("_", original)
    return f"_{name}" if name[:1].isdigit() or is_reserved(name) else name


def attribute_text(value: object) -> str:
    """A value of any type as text: decimal numbers, bytes in base64, lists and maps as compact JSON; none is empty."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _plain(value: Any) -> Any:
    """A value as JSON can say it."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
