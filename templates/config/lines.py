"""The lines of a TOML file at which its settings stand; `tomllib` keeps none."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)|(?P<newline>\n)
    |(?P<text>\"\"\"(?:\\.|[^\\])*?\"{3,5}|'''.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<mark>[\[\]{},=.])|(?P<word>[^\s\#"'\[\]{},=.]+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int

    @property
    def name(self) -> str:
        """The part of a key, without its quotation marks."""
        return self.text.strip("\"'")


def line_of(text: str, path: str) -> int | None:
    """The line of a setting such as `api.allow_from[1]`, or of the nearest thing around it that the file has."""
    known = _lines(text)
    while path:
        if path in known:
            return known[path]
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return None


def _lines(text: str) -> Mapping[str, int]:
    """The line of each table, key and entry of a file that is TOML; the first if there are several."""
    known: dict[str, int] = {}
    entries: dict[str, int] = {}
    prefix = ""
    for statement in _statements(text):
        if statement[0].text == "[":
            prefix = _join("", statement)
            if statement[1].text == "[":
                entries[prefix] = entries.get(prefix, -1) + 1
                known.setdefault(prefix, statement[0].line)
                prefix = f"{prefix}[{entries[prefix]}]"
            known.setdefault(prefix, statement[0].line)
        else:
            _note_value(statement, prefix, known)
    return known


def _note_value(statement: list[_Token], prefix: str, known: dict[str, int]) -> None:
    """Note a key, and the entries of its list and the keys of its tables, however deep."""
    # For each list or table that is open: its path, and the number of the entry if it is a list.
    around: list[tuple[str, int | None]] = [(prefix, None)]
    value, key = prefix, list[_Token]()
    for token in statement:
        inside, number = around[-1]
        if number is not None and token.text not in {",", "]"}:
            value = f"{inside}[{number}]"
            known.setdefault(value, token.line)
        if token.text == "=":
            value, key = _join(inside, key), []
            known.setdefault(value, token.line)
        elif token.text in {"[", "{"}:
            around.append((value, 0 if token.text == "[" else None))
            key = []
        elif token.text in {"]", "}"}:
            around.pop()
        elif token.text == ",":
            around[-1] = (inside, None if number is None else number + 1)
            key = []
        else:
            key.append(token)


def _statements(text: str) -> Iterator[list[_Token]]:
    """The tokens of each header and each key with its value, line breaks inside lists left out."""
    some: list[_Token] = []
    depth = 0
    for token in _tokens(text):
        if token.kind == "newline":
            if some and depth == 0:
                yield some
                some = []
            continue
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.text, 0)
        some.append(token)
    if some:
        yield some


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found[0], line)
        line += found[0].count("\n")


def _join(prefix: str, key: list[_Token]) -> str:
    names = [token.name for token in key if token.kind in {"word", "text"}]
    return ".".join([prefix, *names] if prefix else names)
