"""The function forms of AWS's reference, and how this emulator has each: `python -m emulator.timestream.reference`.

The README shows what this prints; the forms and their examples stand in reference.toml.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SHARED = {
    "{rows}": "FROM (VALUES (1, 2e0), (3, 5e0)) AS t(x, y)",
    "{series}": "(SELECT create_time_series(from_milliseconds(x), y) AS s FROM (VALUES (1, 2e0), (3, 5e0)) AS t(x, y))",
    "{time}": "TIMESTAMP '2022-06-17 17:44:43.771000000'",
}


@dataclass(frozen=True)
class Form:
    """A form as AWS writes it, a query for an example, and in what it differs from AWS's, if it does, or is missing."""

    section: str
    form: str
    example: str
    differs: str
    missing: bool


def forms() -> Iterator[Form]:
    """Every form, in AWS's order."""
    file = Path(__file__).with_suffix(".toml")
    for section, kinds in tomllib.loads(file.read_text(encoding="utf-8")).items():
        groups = [("", False, kinds.get("exact", {})), ("", True, kinds.get("missing", {}))]
        groups[1:1] = [(differs, False, group) for differs, group in kinds.get("differs", {}).items()]
        for differs, missing, group in groups:
            for form, example in group.items():
                for name, sql in _SHARED.items():
                    example = example.replace(name, sql)  # noqa: PLW2901 - the same example
                yield Form(section, form, f"SELECT {example}", differs, missing)


def table() -> str:
    """The forms by section, in Markdown: those without a difference, the others with theirs, and those not here."""
    lines = ["| | exact | with a difference | not here |", "|---|---|---|---|"]
    sections: dict[str, list[Form]] = {}
    for form in forms():
        sections.setdefault(form.section, []).append(form)
    for section, given in sections.items():
        differing: dict[str, list[Form]] = {}
        for form in given:
            if form.differs:
                differing.setdefault(form.differs, []).append(form)
        cells = [
            _names([form for form in given if not form.differs and not form.missing]),
            "; ".join(f"{_names(group)}: {differs}" for differs, group in differing.items()),
            _names([form for form in given if form.missing]),
        ]
        lines.append(f"| {section} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _names(given: list[Form]) -> str:
    return ", ".join(f"`{form.form.replace('|', chr(92) + '|')}`" for form in given)


if __name__ == "__main__":
    print(table())
