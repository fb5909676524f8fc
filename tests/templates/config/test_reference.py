"""The reference of settings says what is checked, and is the one that lies in the repository."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest
from jsonschema import Draft7Validator

from generate import SETTINGS
from templates.config import ENVIRONMENTS, Config, reference

SCHEMA = Draft7Validator(json.loads(reference.schema()))
DEV = (ENVIRONMENTS / "dev.toml").read_text(encoding="utf-8")


def test_the_page_and_the_schema_are_current() -> None:
    """A changed setting is written into both: `python generate.py --settings`."""
    assert SETTINGS.read_text(encoding="utf-8") == reference.markdown()
    assert (ENVIRONMENTS / reference.SCHEMA).read_text(encoding="utf-8") == reference.schema()


def _settings(section: type) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(section)
    for item in fields(section):
        kind = next(
            (one for one in (hints[item.name], *get_args(hints[item.name])) if is_dataclass(one)), None
        )
        if isinstance(kind, type):
            yield from _settings(kind)
        else:
            yield item.name, item


def test_every_setting_is_on_the_page() -> None:
    """With what it is for and what it may be; and if it must be given."""
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in reference.markdown().splitlines()
        if line.startswith("| `")
    ]
    expected = [(name, item) for name, item in _settings(Config) if name != "environment"]
    assert sorted(row[0] for row in rows) == sorted(f"`{name}`" for name, _ in expected)
    assert all(len(row) == 4 and all(row) for row in rows)
    must = [name for name, item in expected if item.default is MISSING and item.default_factory is MISSING]
    assert sorted(row[0] for row in rows if row[2] == "must be given") == sorted(f"`{name}`" for name in must)


@pytest.mark.parametrize("path", sorted(ENVIRONMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_environment_fits_the_schema_and_names_it(path: Any) -> None:
    """An editor that knows the directive checks the file as it is written."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ./{reference.SCHEMA}\n")
    assert not list(SCHEMA.iter_errors(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ('["us-east-1"]', '["moon-1"]'),
        ('["us-east-1"]', "[]"),
        ("memory_hours = 1 ", "memory_hour = 1 "),
        ("memory_hours = 1 ", ""),
        ("memory_hours = 1 ", "retention_days = 1\nmemory_hours = 1 "),
        ("memory_hours = 1 ", 'kind = "lake"\nmemory_hours = 1 '),
        ("memory_hours = 1 ", "kind = 'lake'\nretention_days = 30 # "),
        ("memory_hours = 1 ", 'memory_hours = "1" '),
        ("throttle_rate = 5 ", "throttle_rate = 0 "),
        ('auth = "none"', 'auth = "basic"'),
        ('project = "metrics"', 'project = "my-metrics"'),
        ("[store]", "[stores]"),
        ("[export]", "[[alerts.subscriptions]]\nprotocol = 'sms'\nendpoint = 'x'\n[export]"),
        ("[local]", '[network.cidr]\nmoon-1 = "10.0.0.0/16"\n[local]'),
    ],
)
def test_the_schema_refuses_what_is_no_setting(there: str, instead: str) -> None:
    """Names, types, ranges and what is missing; which settings fit each other it does not know."""
    assert DEV.count(there) == 1
    assert list(SCHEMA.iter_errors(tomllib.loads(DEV.replace(there, instead))))
