"""The layers: which package may import which, and that no module imports itself through others."""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A distribution of its own, which people install without the rest.
CLIENTS = ROOT / "clients" / "python"

# What each package may import of the project, downwards only. The longest prefix of a module's name decides.
ALLOWED: Mapping[str, frozenset[str]] = {
    "handlers": frozenset({"handlers"}),
    "handlers.vocabulary": frozenset(),
    "handlers.lake": frozenset({"handlers.vocabulary"}),
    "handlers.domain": frozenset({"handlers.domain", "handlers.lake", "handlers.vocabulary"}),
    "handlers.adapters": frozenset(
        {"handlers.adapters", "handlers.domain", "handlers.lake", "handlers.vocabulary"}
    ),
    "templates": frozenset({"templates", "handlers.lake", "handlers.vocabulary"}),
    "templates.config": frozenset({"templates.config", "templates.names", "handlers.vocabulary"}),
    "templates.names": frozenset({"handlers.vocabulary"}),
    "templates.parameters": frozenset({"templates.config", "templates.names"}),
    "templates.version": frozenset(),
    "templates.constructs": frozenset(
        {
            "templates.constructs",
            "templates.config",
            "templates.names",
            "templates.parameters",
            "templates.version",
            "handlers.vocabulary",
        }
    ),
    "templates.components": frozenset(
        {
            "templates.components",
            "templates.constructs",
            "templates.config",
            "templates.names",
            "templates.parameters",
            "templates.version",
            "handlers.lake",
            "handlers.vocabulary",
        }
    ),
    "generate": frozenset({"templates"}),
    "emulator": frozenset({"emulator"}),
    "emulator.sql": frozenset({"emulator.sql"}),
    "tidegauge_client": frozenset({"tidegauge_client"}),
    "ops": frozenset({"ops", "generate", "templates", "handlers", "tidegauge_client"}),
    "local": frozenset({"local", "ops", "emulator", "generate", "templates", "handlers", "tidegauge_client"}),
    "benchmarks": frozenset(
        {"benchmarks", "local", "ops", "emulator", "generate", "templates", "handlers", "tidegauge_client"}
    ),
}
PACKAGES = sorted({name.partition(".")[0] for name in ALLOWED} - {"generate"})
SDKS = frozenset({"boto3", "botocore", "aws_xray_sdk", "awslambdaric"})


def _sources() -> dict[str, Path]:
    """The project's modules outside the tests, by name."""
    files = [ROOT / "generate.py", *(file for name in PACKAGES for file in _folder(name).rglob("*.py"))]
    return {_name(file): file for file in files}


def _folder(package: str) -> Path:
    return CLIENTS / package if (CLIENTS / package).exists() else ROOT / package


def _name(file: Path) -> str:
    parts = file.relative_to(CLIENTS if file.is_relative_to(CLIENTS) else ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = _sources()


def _statements(nodes: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that runs, those for type checkers alone left out."""
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            yield from _statements(node.orelse)
            continue
        yield node
        for field in ("body", "orelse", "finalbody"):
            yield from _statements([part for part in getattr(node, field, []) if isinstance(part, ast.stmt)])
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)
        for case in getattr(node, "cases", []):
            yield from _statements(case.body)


def _imports(name: str) -> Iterator[str]:
    """The modules that a module imports, wherever in it: of the project, or the top level name of others."""
    for node in _statements(ast.parse(SOURCES[name].read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively: spell the package"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in SOURCES else node.module


@cache
def imports() -> Mapping[str, list[str]]:
    """The modules that each module imports."""
    return {name: sorted(set(_imports(name))) for name in SOURCES}


def _rule(name: str) -> frozenset[str]:
    fitting = [package for package in ALLOWED if name == package or name.startswith(f"{package}.")]
    return ALLOWED[max(fitting, key=len)]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_module_imports_nothing_above_it(name: str) -> None:
    """A module imports its own package and those below it."""
    above = [
        other
        for other in imports()[name]
        if other in SOURCES and not any(other == low or other.startswith(f"{low}.") for low in _rule(name))
    ]
    assert not above, f"{name} imports {', '.join(above)}"


def test_no_source_imports_the_tests() -> None:
    """What is shipped or run by people works without the tests."""
    assert not [name for name, others in imports().items() if any(o.split(".")[0] == "tests" for o in others)]


@pytest.mark.parametrize("name", [name for name in sorted(SOURCES) if name.startswith("handlers.domain")])
def test_the_domain_knows_no_sdk(name: str) -> None:
    """The domain is plain Python: AWS's SDK is the adapters'."""
    assert not SDKS & {other.partition(".")[0] for other in imports()[name]}


def test_the_vocabulary_imports_nothing() -> None:
    """Words that both sides of the wall share bring nothing with them but the standard library's types."""
    assert {other.partition(".")[0] for other in imports()["handlers.vocabulary"]} <= sys.stdlib_module_names


def test_no_module_imports_in_a_circle() -> None:
    """Modules can be read, and imported, one after the other."""
    graph = {name: [other for other in others if other in SOURCES] for name, others in imports().items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_one_folder_reaches_into_moto() -> None:
    """An upgrade of moto is read in one room."""
    reaching = {
        name
        for name, others in imports().items()
        if any(other.partition(".")[0] == "moto" for other in others)
    }
    assert reaching
    assert not {name for name in reaching if not name.startswith("emulator.moto")}


def test_no_part_is_most_of_the_house() -> None:
    """No service of the emulator is more than a quarter of the source, no other package more than three tenths."""
    sizes = {name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in SOURCES.items()}
    whole = sum(sizes.values())
    parts: dict[str, int] = {}
    for name, size in sizes.items():
        top, _, rest = name.partition(".")
        part = f"emulator.{rest.partition('.')[0]}" if top == "emulator" else top
        parts[part] = parts.get(part, 0) + size
    limits = {part: 0.25 if part.startswith("emulator.") else 0.30 for part in parts}
    assert not {part: size / whole for part, size in parts.items() if size > limits[part] * whole}
