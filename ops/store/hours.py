"""Statements that would read every hour of a lake: those that read points and name no hour."""

import re
from collections.abc import Iterable, Iterator

_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?P<quoted>(?:[^"]|"")*)" | --[^\n]* | /\*.*?\*/
    | (?P<word>[^\W\d]\w*) | \d[\w.]* | (?P<mark>\S)""",
    re.VERBOSE | re.DOTALL,
)
# What begins the list of relations that a query reads, and what ends it.
_READS = frozenset({"from", "join"})
_READS_NO_MORE = frozenset(
    {"select", "on", "using", "where", "group", "having", "order", "limit", "offset", "window"}
)
_CONDITIONS = frozenset({"where", "on"})
_READS_NOTHING = frozenset({"show", "describe", "desc", "create", "drop", "alter"})


def reads_every_hour(sql: str, relations: Iterable[str], hour: str) -> bool:
    """True if a statement reads one of the relations, and the column of hours stands in no condition of it."""
    wanted, words = {name.lower() for name in relations}, list(_words(sql))
    explained = words[:1] == ["explain"] and words[:2] != ["explain", "analyze"]
    if not words or words[0] in _READS_NOTHING or explained:
        return False
    return not wanted.isdisjoint(_read(words)) and hour not in _conditions(words)


def _words(sql: str) -> Iterator[str]:
    """The words and marks of a statement in small letters, without its texts and comments."""
    for token in _TOKEN.finditer(sql):
        found = token["word"] or token["mark"] or token["quoted"]
        if found:
            yield found.lower()


def _conditions(words: list[str]) -> Iterator[str]:
    """The words behind WHERE and ON: what stands elsewhere lets nothing be left out."""
    clause, around = "", list[str]()
    for word in words:
        if word == "(":
            around.append(clause)
        elif word == ")":
            clause = around.pop() if around else ""
        elif word in _READS or word in _READS_NO_MORE:
            clause = word
        elif clause in _CONDITIONS:
            yield word


def _read(words: list[str]) -> Iterator[str]:
    """The names of the relations that a query reads, without those of their databases."""
    reading = expected = False
    for index, word in enumerate(words):
        if word in _READS:
            reading = expected = True
        elif word in _READS_NO_MORE:
            reading = expected = False
        elif word in {",", "(", "."}:
            expected = reading
        elif expected:
            if words[index + 1 : index + 2] != ["."]:
                yield word
            expected = False
