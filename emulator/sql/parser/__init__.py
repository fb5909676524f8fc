"""Text to syntax tree, by the rules of Trino's grammar of queries; the tree's nodes are those of sqlglot.

A reader reads a statement token by token. Each module has the reader of one part of the grammar, which builds on the
one before it: tokens, types, literals, calls, primary expressions, expressions, relations, queries. What is no SQL is
refused as Trino refuses it; what is SQL but not in this emulator is refused by its name, here or by the binder.
"""

from emulator.sql.parser.primaries import QUERY_WORDS
from emulator.sql.parser.queries import Parser, complete, parse
from emulator.sql.parser.reader import TokenReader, position
from emulator.sql.parser.tokens import first_word
from emulator.sql.parser.types import type_text
from emulator.sql.parser.words import RESERVED, TRINO_GRAMMAR, Grammar

__all__ = [
    "QUERY_WORDS",
    "RESERVED",
    "TRINO_GRAMMAR",
    "Grammar",
    "Parser",
    "TokenReader",
    "complete",
    "first_word",
    "parse",
    "position",
    "type_text",
]
