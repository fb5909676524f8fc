"""The tests stand where what they test stands."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUPPORT = ROOT / "tests" / "support"
# A distribution of its own stands apart from what imports it.
ELSEWHERE = {"tidegauge_client": ROOT / "clients" / "python"}
PACKAGES = ("benchmarks", "emulator", "handlers", "local", "ops", "templates")

# Tests of no single module, and why.
ACROSS = {
    "tests/test_docstrings.py": "every module's docstrings",
    "tests/test_makefile.py": "the Makefile, which is no Python",
    "tests/test_layers.py": "who imports whom",
    "tests/test_mirror.py": "the tests' own order",
    "tests/docs": "what the documents say",
    "tests/handlers/domain/alerts/test_backlog.py": "aggregation and evaluation after an outage",
    "tests/handlers/domain/ingest/formats/test_alike.py": "all formats with each other",
    "tests/pipeline": "the whole local run",
    "tests/checkov": "somebody else's rules over all templates",
    "tests/clients": "other people's clients against the local run",
    "tests/browser": "a browser against the local run",
    "tests/statemachines": "the state machines, which are no Python",
    "tests/ops/test_debian.py": "ops/debian.sh, which is no Python",
    "tests/ops/test_install.py": "ops/install.sh, which is no Python",
    "tests/templates/test_contracts.py": "templates and handlers together",
    "tests/templates/test_golden.py": "every generated template",
    "tests/templates/test_least_privilege.py": "every role of every template",
    "tests/templates/test_lint.py": "every generated template",
    "tests/templates/test_rules.py": "every generated template",
    "tests/templates/test_upgrade.py": "this release's templates against the last one's",
}


def _test_files() -> list[Path]:
    return sorted(file.relative_to(ROOT) for file in (ROOT / "tests").rglob("test_*.py"))


def _is_across(file: Path) -> bool:
    return any(str(file) == place or str(file).startswith(f"{place}/") for place in ACROSS)


def test_each_test_file_mirrors_a_module() -> None:
    """`tests/a/test_b.py` tests `a/b.py`, or the package `a/b`, or `a` itself."""
    lost = []
    for file in _test_files():
        if _is_across(file):
            continue
        source = ELSEWHERE.get(file.parts[1], ROOT) / Path(*file.parts[1:-1])
        name = file.stem.removeprefix("test_")
        mirrored = [source / f"{name}.py", source / f"{name}_.py", source / name, source / f"__{name}__.py"]
        if source.name == name:
            mirrored.append(source / "__init__.py")
        if not any(place.exists() for place in mirrored):
            lost.append(str(file))
    assert not lost


def test_every_exception_is_still_there() -> None:
    """What is listed as a test of no single module exists."""
    assert not [place for place in ACROSS if not (ROOT / place).exists()]


def test_helpers_that_tests_share_stand_in_one_place() -> None:
    """A file of the tests holds tests or fixtures; what several tests share is in `tests/support`."""
    others = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("*.py")
        if not file.name.startswith("test_") and file.name != "conftest.py" and SUPPORT not in file.parents
    ]
    assert not others
    importing = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("*.py")
        if any(
            line.startswith(("from tests.", "import tests.")) and not line.startswith("from tests.support")
            for line in file.read_text(encoding="utf-8").splitlines()
        )
    ]
    assert not importing, "conftest modules and test files are no libraries"
