"""The page on alert rules shows rules that are good, and leaves nothing out."""

import re
from pathlib import Path

from handlers.domain.alerts.rules.ratio_fields import RATIO_FIELDS
from handlers.domain.alerts.rules.reading import OPTIONAL, REQUIRED, WORDS
from handlers.domain.alerts.rules.rule import MissingData
from handlers.domain.alerts.rules.statistic import PLAIN, Statistic
from ops.__main__ import main
from ops.rule_checks import doubts
from ops.rule_files import read_rule_files
from ops.rule_tests.expectations import NOTIFICATION, TRANSITION
from ops.rule_tests.reading import EXPECT, SERIES, TEST

PAGE = Path("alerts/README.md")


def _examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_every_rule_of_the_page_can_be_applied(tmp_path: Path) -> None:
    """As it stands, in every environment, and without a note."""
    examples = [text for text in _examples() if text.startswith("rules:")]
    assert len(examples) >= 2
    for number, text in enumerate(examples):
        (tmp_path / f"{number}.yaml").write_text(text)
    found = read_rule_files(sorted(tmp_path.iterdir()), 60)
    assert not found.mistakes
    assert not [note for filed in found.rules for note in doubts(filed.rule)]


def test_the_test_of_the_page_passes(tmp_path: Path) -> None:
    """As it stands, beside the page's rules."""
    (tmp_path / "tests").mkdir()
    for number, text in enumerate(_examples()):
        folder = tmp_path / "tests" if text.startswith("tests:") else tmp_path
        (folder / f"{number}.yaml").write_text(text)
    assert main(["rules", "test", str(tmp_path)]) == 0


def test_the_page_has_every_field_of_a_test() -> None:
    """In its example or in the words below it."""
    text = PAGE.read_text().partition("\n## Tests\n")[2].partition("\n## ")[0]
    names = {*TEST, *SERIES, *EXPECT, *TRANSITION, *NOTIFICATION}
    assert {name for name in names if f"{name}:" not in text and f"`{name}`" not in text} == set()


def test_the_page_has_every_field_and_policy() -> None:
    """In its first example, and in its tables."""
    text = PAGE.read_text()
    example = text[text.index("```yaml") : text.index("```\n\nOnly")]
    assert set(re.findall(r"^(?:  - |    )([a-z_]+):", example, re.MULTILINE)) == {*REQUIRED, *OPTIONAL}
    statistics, missing = (text[text.index(f"\n## {name}") :] for name in ("Statistics", "Missing data"))
    rows = re.findall(r"^\| (`.*?) \|", statistics.partition("\n## ")[2].partition("\n## ")[0], re.MULTILINE)
    names = [name for row in rows[1:] for name in re.findall(r"`(.+?)`", row)]
    assert names == [*PLAIN, "p0.1", "p99.9"]
    assert all(Statistic.read(name) for name in names)
    missing = missing.partition("\n## ")[2].partition("\n## ")[0]
    _, *policies = re.findall(r"^\| `([a-z_]+)` \|", missing, re.MULTILINE)
    assert set(policies) == {str(policy) for policy in MissingData}
    [words] = re.findall(r"^\| words: (.*?) \|", text, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", words)) == WORDS
    [required] = re.findall(r"^Only (.*?) are required", text, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", required)) == set(REQUIRED)
    assert all(f"    {field}: {{" in text for field in RATIO_FIELDS)
