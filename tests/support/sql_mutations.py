"""Public statements with an edit each, read by our parser and by Trino's grammar.

`python -m tests.support.sql_mutations --mutants 100000` prints each one on which the two differ. Statements are public
ones of Timestream, with their sources in tests/emulator/sql/corpus/public.json. What only Timestream has is put as
Trino's for its grammar: 5m as an interval, measure_value::double as a name.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.sql.errors import InvalidQueryError, NotInEmulatorError
from emulator.sql.parser import TRINO_GRAMMAR, Grammar, parse
from emulator.sql.parser.tokens import Token, tokens
from emulator.timestream.dialect import GRAMMAR
from tests.support.trino_grammar import is_statement

CORPUS = Path(__file__).parents[1] / "emulator" / "sql" / "corpus" / "public.json"
_NO_QUERIES = ("SHOW", "DESCRIBE", "DESC", "UNLOAD")
_EDITS = ("delete", "duplicate", "swap", "insert", "replace")
_STRANGE = (
    "FROM",
    "SELECT",
    "AS",
    "ON",
    "(",
    ")",
    "[",
    ",",
    ".",
    "'x'",
    '"x"',
    "1",
    "1e0",
    "->",
    "*",
    "OVER",
    "ALL",
    "?",
)

Word = tuple[str, str]
"""A token as we write it, and as Trino does."""


@dataclass(frozen=True)
class Verdict:
    """A statement's edit, and who takes it for SQL; `missing` says that we read it and have not all of it."""

    statement: str
    ours: bool
    theirs: bool
    missing: bool = False


def public_queries() -> list[str]:
    """The public statements that are queries."""
    statements = [entry["statement"] for entry in json.loads(CORPUS.read_text(encoding="utf-8"))]
    return [s for s in statements if s.split(maxsplit=1)[0].upper() not in _NO_QUERIES]


def verdicts(mutants: int, seed: int, *, longest: int = 1_000) -> Iterator[Verdict]:
    """The verdicts on so many edited statements, each in Timestream's and Athena's grammar.

    They are made of statements of no more than `longest` tokens.
    """
    chance = random.Random(seed)
    readable = [words for query in public_queries() if (words := _words(query)) and len(words) <= longest]
    known = sorted({word for words in readable for word in words} | {(word, word) for word in _STRANGE})
    for _ in range(mutants):
        words = _edited(chance, chance.choice(readable), known)
        ours, theirs = (" ".join(spelled) for spelled in zip(*words, strict=True)) if words else ("", "")
        judged = is_statement(theirs)
        yield _verdict(ours, GRAMMAR, theirs=judged)
        yield _verdict(theirs, TRINO_GRAMMAR, theirs=judged)


def _words(query: str) -> list[Word]:
    try:
        found = tokens(query, GRAMMAR)[:-1]
    except InvalidQueryError:
        return []
    return [_word(query[token.offset : token.after], token) for token in found]


def _word(text: str, token: Token) -> Word:
    if token.key == "<duration>":
        return text, "INTERVAL '5' DAY"
    return text, '"m"' if "::" in text else text


def _edited(chance: random.Random, words: Sequence[Word], known: Sequence[Word]) -> list[Word]:
    edited, place, edit = list(words), chance.randrange(len(words)), chance.choice(_EDITS)
    if edit == "delete":
        del edited[place]
    elif edit == "duplicate":
        edited.insert(place, edited[place])
    elif edit == "swap":
        edited[place - 1], edited[place] = edited[place], edited[place - 1]
    elif edit == "insert":
        edited.insert(place, chance.choice(known))
    else:
        edited[place] = chance.choice(known)
    return edited


def _verdict(statement: str, grammar: Grammar, *, theirs: bool) -> Verdict:
    try:
        parse(statement, grammar)
    except NotInEmulatorError:
        return Verdict(statement, ours=False, theirs=theirs, missing=True)
    except InvalidQueryError:
        return Verdict(statement, ours=False, theirs=theirs)
    return Verdict(statement, ours=True, theirs=theirs)


def main() -> None:
    """Print where the two differ, and how often."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mutants", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    counts: Counter[str] = Counter()
    for verdict in verdicts(given.mutants, given.seed):
        kind = f"{'accepted' if verdict.ours else 'refused'}, {'valid' if verdict.theirs else 'invalid'}"
        counts["missing" if verdict.missing else kind] += 1
        if verdict.ours != verdict.theirs and not verdict.missing:
            print(f"{kind}: {verdict.statement}")
    print(dict(counts))


if __name__ == "__main__":
    main()
