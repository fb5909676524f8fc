"""Rule files: every mistake with its file, line and field."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.dynamodb.rules_table import item_of, rule_of
from handlers.domain.alerts.rules.reading import read_rule, rule_document
from ops.rule_checks import refusals
from ops.rule_files import FOLDER, Mistake, read_rule_files, rule_files_in, unread_files
from tests.support.rules import RULE_FILE as GOOD
from tests.support.rules import written_rules


def read(tmp_path: Path, text: str, tick: int = 60) -> list[str]:
    """The mistakes of one file, without its folder."""
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return [str(mistake).replace(f"{tmp_path}/", "") for mistake in read_rule_files([path], tick).mistakes]


def test_a_good_file_is_its_rules(tmp_path: Path) -> None:
    """Rules come with the place they stand at."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    found = read_rule_files([path], 60)
    assert not found.mistakes
    [filed] = found.rules
    assert (filed.rule.rule_id, filed.line) == ("hot", 2)


def test_the_projects_own_rules_are_good() -> None:
    """The samples can be applied as they are."""
    found = read_rule_files(sorted(FOLDER.glob("*.yaml")), 60)
    assert not found.mistakes
    assert len(found.rules) >= 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            GOOD.replace("avg", "p101"),
            4,
            "statistic: 'p101' is not one of avg, sum, min, max, count, stddev, increase, rate, nor",
        ),
        (GOOD.replace("90", "[1"), 7, "not YAML"),
        (GOOD.replace("    threshold: 90\n", ""), 2, "threshold: is missing"),
        (GOOD + "    colour: red\n", 7, "colour: 'colour' is not one of"),
        (GOOD + "    threshold: 91\n", 7, "threshold: stands there twice"),
        (GOOD + "    recovery:\n      datapoints: 1\n      threshold: 95\n", 9, "recovery.threshold: 95"),
        (GOOD + "    recovery: {datapoints: 0}\n", 7, "recovery.datapoints: 0: a whole number from 1"),
        (GOOD + "    match: {env: prod, env: dev}\n", 7, "env: stands there twice"),
        (GOOD + "    period: 30\n", 7, "period: 30: not a multiple of alerts.tick_seconds = 60"),
        ("", 1, "a mapping with `rules`"),
        ("rules: 3\n", 1, "a mapping with `rules`"),
        ("rule:\n  - a\n", 1, "a mapping with `rules`"),
        ("rules:\n  - hot\n", 2, "a rule is a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    """File, line, field, value and what is allowed."""
    [mistake] = read(tmp_path, text)
    assert mistake.startswith(f"a.yaml:{line}: ")
    assert words in mistake


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A file need not be mended one error at a time."""
    second = GOOD.removeprefix("rules:\n").replace("avg", "p0").replace("hot", "cold")
    assert len(read(tmp_path, GOOD.replace("avg", "p100") + second)) == 2


def test_two_rules_with_one_id_are_told_with_both_places(tmp_path: Path) -> None:
    """Also when they watch different metrics, in one file or two."""
    [mistake] = read(tmp_path, GOOD + GOOD.removeprefix("rules:\n").replace("cpu.load", "other"))
    assert mistake.startswith("a.yaml:7: rule_id: 'hot' is also the rule at ")
    assert mistake.endswith("a.yaml:2")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, or one that is not text, is a line like any other mistake."""
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    found = read_rule_files([tmp_path / "none.yaml", tmp_path / "b.yaml"], 60)
    assert len(found.mistakes) == 2
    assert all("cannot be read" in str(mistake) for mistake in found.mistakes)
    assert any(str(one).endswith("cannot be read: No such file or directory") for one in found.mistakes)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("period: !!int abc", "period: '!!int': no tags"),
        ("annotation: !!python/name:os.system", "annotation: '!!python/name:os.system': no tags"),
        ("by: !!python/object/apply:os.system [ls]", "by: '!!python/object/apply:os.system': no tags"),
        ("annotation: {group.host}", "annotation: a text that begins with a brace stands in quotation marks"),
        (
            "annotation: {group.host} is hot",
            "not YAML: expected <block end>, but found '<scalar>' (a text that begins",
        ),
        ("match: {env: {is: {not: a}}}", "match.env.is: deeper inside of others"),
        ("? [a]\n    : 3", "?: a field's name is text"),
        ("<<: severity", "<<: a mapping, or a list of mappings, that does not hold this one"),
        ("in_force_since: 1", "in_force_since: `ops rules apply` sets it"),
        ("groups_since: 2026-01-01", "groups_since: `ops rules apply` sets it"),
        ("by: [host, metric_type]", "by: 'metric_type' is no dimension that a point can have: reserved"),
    ],
)
def test_a_value_that_no_field_takes_is_a_mistake_of_its_field(tmp_path: Path, line: str, said: str) -> None:
    """What YAML can say, and rules cannot, is a line like any other mistake; nothing of it is carried out."""
    [mistake] = read(tmp_path, f"{GOOD}    {line}\n")
    assert mistake.startswith(f"a.yaml:7: {said}")


def test_what_has_no_end_is_a_mistake(tmp_path: Path) -> None:
    """An anchor may be referred to from inside of it, and a few lines of them stand for more than any memory holds."""
    inside = "    match: &match\n      env: *match\n"
    assert read(tmp_path, GOOD + inside) == [
        "a.yaml:7: match.env.env: deeper inside of others than any field of a rule"
    ]
    assert read(tmp_path, GOOD + "    match: &match {<<: *match}\n")[0].startswith(
        "a.yaml:7: match.<<: a mapping"
    )
    merges = [f"    m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 40)]
    assert read(tmp_path, GOOD + "    m0: &m0 {a: b}\n" + "".join(merges)) == [
        "a.yaml:2: rule: more than 10000 values"
    ]
    assert read(tmp_path, "rules: " + "[" * 3_000 + "]" * 3_000)[0].startswith("a.yaml:1: nested too deeply")


# Each of these is a number, a time, a boolean or nothing to YAML 1.1.
ODD = [
    "1:30",
    "-1:30",
    "12:30:45",
    "0x10",
    "1_000",
    "0b1",
    "010",
    "0o10",
    ".inf",
    "-.INF",
    ".nan",
    "nan",
    "1,5",
    "90%",
    "٣",
]


@pytest.mark.parametrize(
    "text", [*ODD, "'90'", '"90"', "true", "", "~", "1e400", "1e-400", "9" * 500, "2026-01-01"]
)
@pytest.mark.parametrize("field", ["threshold", "period", "renotify", "forget_after", "recovery.datapoints"])
def test_a_number_is_a_plain_decimal_number(tmp_path: Path, field: str, text: str) -> None:
    """What YAML makes another number of, or none, is refused in its line, in every field that takes one."""
    outer, _, inner = field.partition(".")
    line = f"    {outer}:\n      {inner}: {text}\n" if inner else f"    {outer}: {text}\n"
    document = GOOD.replace("    threshold: 90\n", line) if outer == "threshold" else GOOD + line
    [mistake] = read(tmp_path, document)
    number = 6 if outer == "threshold" else 8 if inner else 7
    assert mistake.startswith(f"a.yaml:{number}: {field}: ")
    assert "number" in mistake or "no value" in mistake


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("1e3", 1000),
        ("-.5", -0.5),
        ("+5", 5),
        ("5.", 5),
        ("0", 0),
        ("-0.0", 0),
        ("0.1", 0.1),
        ("1E-3", 0.001),
    ],
)
def test_every_plain_decimal_number_is_one(tmp_path: Path, text: str, bound: float) -> None:
    """With sign, point and exponent, exactly as it is written."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD.replace("90", text))
    [filed] = read_rule_files([path], 60).rules
    assert filed.rule.condition.bounds == (bound,)


def test_a_number_of_more_digits_than_are_kept_is_refused(tmp_path: Path) -> None:
    """A threshold is compared as it was written, or not at all."""
    [mistake] = read(tmp_path, GOOD.replace("90", "0.12345678901234567891"))
    assert mistake == (
        "a.yaml:6: threshold: '0.12345678901234567891': more digits than are kept, "
        "it would count as 0.12345678901234568"
    )


@pytest.mark.parametrize("text", [*ODD, "no", "on", "Yes", "true", "2026-01-01", "1", "1.10", "=", "<<"])
def test_text_is_text_as_it_is_written(tmp_path: Path, text: str) -> None:
    """A value that YAML takes for a boolean, a time or a number is what stands in the file."""
    path = tmp_path / "a.yaml"
    path.write_text(
        f"{GOOD}    match: {{env: [{text}], zone: '{text}'}}\n    annotation: {text}\n".replace(",5]", "_5]")
    )
    [filed] = read_rule_files([path], 60).rules
    assert dict(filed.rule.match)["env"] == (text.replace(",", "_"),)
    assert (dict(filed.rule.match)["zone"], filed.rule.annotation) == ((text,), text)


@pytest.mark.parametrize("text", ["", "~", "null"])
@pytest.mark.parametrize("field", ["annotation", "severity", "match.env", "by"])
def test_nothing_is_no_text(tmp_path: Path, field: str, text: str) -> None:
    """A value that was forgotten is neither empty text nor the word; in quotation marks it is."""
    name, _, inner = field.partition(".")
    line = f"    {name}:\n      {inner}: {text}" if inner else f"    {name}: {text}"
    [mistake] = read(tmp_path, f"{GOOD}{line}\n")
    assert mistake.startswith(f"a.yaml:{8 if inner else 7}: {field}: has no value")
    assert not read(tmp_path, f"{GOOD}    annotation: '{text}'\n")


def test_a_mistake_that_an_anchor_repeats_is_told_once(tmp_path: Path) -> None:
    """It is one place to mend."""
    lists = "    match:\n      a: &deep [[x, x], [x, x]]\n      b: *deep\n"
    found = read(tmp_path, GOOD + lists)
    assert len(found) == len(set(found)) == 2


def test_names_are_text_too(tmp_path: Path) -> None:
    """Dimensions called `on` and `no` are no booleans."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD.replace("hot", "123") + "    by: [on]\n    match: {no: y}\n")
    [filed] = read_rule_files([path], 60).rules
    assert (filed.rule.rule_id, filed.rule.by, filed.rule.match) == ("123", ("on",), (("no", ("y",)),))


@pytest.mark.parametrize(("text", "meant"), [("no", False), ("Off", False), ("true", True), ("on", True)])
def test_true_and_false_have_yamls_words(tmp_path: Path, text: str, meant: bool) -> None:
    """As the field says; in quotation marks they are words."""
    path = tmp_path / "a.yaml"
    path.write_text(f"{GOOD}    notify_on_resolve: {text}\n")
    [filed] = read_rule_files([path], 60).rules
    assert filed.rule.notify_on_resolve is meant
    assert len(read(tmp_path, f"{GOOD}    notify_on_resolve: '{text}'\n")) == 1


@pytest.mark.parametrize(
    ("operator", "said"),
    [
        (">", "operator: in YAML > begins a text; put the operator into quotation marks"),
        (
            ">=",
            "not YAML: expected chomping or indentation indicators, but found '=' (an operator stands in quotation",
        ),
        ("!=", "operator: '!=': no tags; text with ! stands in quotation marks"),
    ],
)
def test_an_operator_without_quotation_marks_is_told_of_them(
    tmp_path: Path, operator: str, said: str
) -> None:
    """They mean something to YAML, which is not what they mean to people."""
    assert read(tmp_path, GOOD.replace('">"', operator))[0].startswith(f"a.yaml:5: {said}")


def test_a_rule_may_take_over_another_ones_fields(tmp_path: Path) -> None:
    """YAML's merge key: a rule's own fields come first, and what is wrong is told where it stands."""
    path = tmp_path / "a.yaml"
    base = GOOD.replace("- rule_id", "- &base\n    rule_id")
    path.write_text(base + "  - <<: *base\n    rule_id: cold\n    threshold: 10\n")
    hot, cold = (filed.rule for filed in read_rule_files([path], 60).rules)
    assert (cold.rule_id, cold.condition.bounds, cold.metric_name) == ("cold", (10,), hot.metric_name)
    bad = base.replace("avg", "p101") + "  - <<: *base\n    rule_id: cold\n"
    assert [line.split(": ")[0] for line in read(tmp_path, bad)] == ["a.yaml:5", "a.yaml:5"]


def test_all_mistakes_of_a_rule_are_told_at_once(tmp_path: Path) -> None:
    """Whatever is wrong with one field, the others are looked at; nothing follows from what was wrong already."""
    text = """\
rules:
  - rule_id: HOT
    metric_name: ""
    operator: "=>"
    threshold: 0x10
    colour: red
    by: host
    period: 61
    datapoints: 3 of 2
    recovery: {threshold: a, datapoints: 0, after: 3}
    match: {a: [], b: [""]}
    severity: urgent
    runbook: ftp://example.com
    annotation: "{group.host}"
    renotify: 5
    forget_after: '9'
    notify_on_resolve: maybe
    missing_data: none
    severity: low
"""
    found = read(tmp_path, text)
    assert [line.removeprefix("a.yaml:").split(": ")[:2] for line in found] == [
        ["2", "statistic"], ["2", "rule_id"], ["3", "metric_name"], ["4", "operator"], ["5", "threshold"],
        ["6", "colour"], ["7", "by"], ["8", "period"], ["9", "datapoints"], ["10", "recovery.threshold"],
        ["11", "match.a"], ["11", "match.b"], ["12", "severity"], ["13", "runbook"], ["15", "renotify"],
        ["16", "forget_after"], ["17", "notify_on_resolve"], ["18", "missing_data"], ["19", "severity"],
    ]  # fmt: skip


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Each with its file, also where a file is no YAML at all, and ids of rules that are wrong otherwise count."""
    texts = {"a.yaml": GOOD.replace("avg", "p101"), "b.yml": "rules: [", "c.yaml": GOOD + "    period: 61\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = read_rule_files([tmp_path / name for name in texts], 60).mistakes
    assert [(mistake.file.name, mistake.line) for mistake in found] == [
        ("a.yaml", 4), ("b.yml", 1), ("c.yaml", 2), ("c.yaml", 7)
    ]  # fmt: skip


def test_a_folders_files_are_those_with_either_ending(tmp_path: Path) -> None:
    """Each once, however it is named; what stands in folders inside is not read, and can be asked for."""
    for name in ("a.yaml", "b.yml", "c.YAML", ".hidden.yaml", "README.md"):
        (tmp_path / name).write_text(GOOD)
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "d.yml").write_text(GOOD)
    names = [
        path.name
        for path in rule_files_in([tmp_path, tmp_path / "a.yaml", tmp_path / "prod" / ".." / "b.yml"])
    ]
    assert names == ["a.yaml", "b.yml", "c.YAML"]
    assert [path.name for path in unread_files(tmp_path)] == ["d.yml"]
    assert rule_files_in([tmp_path / "none.yaml"]) == [tmp_path / "none.yaml"]


@given(
    st.text(max_size=60)
    | st.sampled_from(["rules:\n" + line for line in ("- a: [", "- ? ", "- {<<: [1]}", "-")])
)
def test_whatever_stands_in_a_file_it_is_read_or_refused(text: str) -> None:
    """No text does anything but make rules or mistakes."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.yaml")
        path.write_text(
            f"rules:\n  - rule_id: hot\n    annotation: {text}", encoding="utf-8", errors="replace"
        )
        other = Path(folder, "b.yaml")
        other.write_text(text, encoding="utf-8", errors="replace")
        assert read_rule_files([path, other], 60).mistakes


@given(written_rules())
def test_a_rule_is_the_same_in_a_file_and_in_the_table(document: dict[str, Any]) -> None:
    """Written as YAML and read, put into the rules table and read, it is the rule that its document describes."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.yaml")
        path.write_text(yaml.safe_dump({"rules": [document]}, allow_unicode=True), encoding="utf-8")
        found = read_rule_files([path], 10)
    rule = read_rule(document)
    assert read_rule(rule_document(rule)) == rule == rule_of(item_of(rule))
    assert [filed.rule for filed in found.rules] == [rule] or found.mistakes == [
        Mistake(path, one.line, str(error))
        for error, one in zip(refusals(rule, 10), found.mistakes, strict=True)
    ]


def test_a_ratio_is_read_with_its_numbers_and_lists(tmp_path: Path) -> None:
    """Mappings in a rule, with lists in mappings in them: text is text, and the floor is a number."""
    text = """\
rules:
  - rule_id: errors
    numerator: {metric_name: http.errors, match: {status: [500, no]}}
    denominator:
      metric_name: http.requests
      at_least: 20
    operator: ">"
    threshold: 0.05
"""
    path = tmp_path / "a.yaml"
    path.write_text(text)
    [filed] = read_rule_files([path], 60).rules
    assert filed.rule.ratio is not None
    assert filed.rule.match == (("status", ("500", "no")),)
    assert filed.rule.ratio.at_least == 20
    for wrong, line, words in (
        ("at_least: '20'", 6, "denominator.at_least: '20': a number, without quotation marks"),
        ("at_least: 0x10", 6, "denominator.at_least: '0x10': a plain decimal number"),
        ("at_least: 0", 6, "denominator.at_least: 0: a number above 0"),
        ("match: {a: [[1]]}", 6, "denominator.match.a"),
    ):
        [mistake] = read(tmp_path, text.replace("at_least: 20", wrong))
        assert mistake.startswith(f"a.yaml:{line}: ")
        assert words in mistake


NAMED = GOOD.removeprefix("rules:\n")


def named(**unless: str) -> str:
    """A file of rules that name others in `unless`."""
    rules = (
        NAMED.replace("rule_id: hot", f"rule_id: {name}") + (f"    unless: {other}\n" if other else "")
        for name, other in unless.items()
    )
    return "rules:\n" + "".join(rules)


@pytest.mark.parametrize(
    ("unless", "told"),
    [
        ({"a": "", "b": "a", "c": "a", "d": "c"}, []),
        ({"a": "z"}, ["a.yaml:2: unless: 'z' is no rule of the files"]),
        ({"a": "a"}, ["a.yaml:2: unless: a -> a: rules that mute each other"]),
        ({"a": "b", "b": "a", "c": "a"}, ["a.yaml:2: unless: a -> b -> a"]),
    ],
)
def test_a_rule_names_another_that_does_not_lead_back_to_it(
    tmp_path: Path, unless: dict[str, str], told: list[str]
) -> None:
    """Each rule of a circle is told; one that only leads to it is not at fault."""
    found = read(tmp_path, named(**unless))
    assert len(found) == len(told)
    assert all(mistake.startswith(said) for mistake, said in zip(found, told, strict=True))


def test_a_rule_whose_own_fields_are_wrong_is_there_all_the_same(tmp_path: Path) -> None:
    """Who names it makes no mistake."""
    [mistake] = read(tmp_path, named(a="", b="a").replace("avg", "p100", 1))
    assert mistake.startswith("a.yaml:4: statistic")
