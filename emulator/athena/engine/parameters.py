"""Execution parameters: the values of a statement's question marks.

A value that is an expression without names stands as it is; any other is a string, as Athena takes it.
"""

from collections.abc import Sequence

from sqlglot import exp

from emulator.sql import InvalidQueryError
from emulator.sql.bound import text
from emulator.sql.errors import invalid
from emulator.sql.parser import Parser, TokenReader


def with_parameters(sql: str, parameters: Sequence[str]) -> str:
    """The statement with each ? replaced; values for one without any are ignored, too few are refused."""
    places = [token for token in TokenReader(sql).tokens if token.key == "?"]
    if places and len(places) != len(parameters):
        raise invalid(f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}")
    for token, parameter in reversed(list(zip(places, parameters, strict=False))):
        sql = f"{sql[: token.offset]}{_expression(parameter)}{sql[token.after :]}"
    return sql


def _expression(parameter: str) -> str:
    try:
        reader = Parser(parameter)
        parsed = reader.expression()
        reader.end()
    except (InvalidQueryError, RecursionError):
        return text(parameter)
    if parsed.find(exp.Identifier, exp.Placeholder, exp.Subquery, exp.Star) is not None:
        return text(parameter)
    return f"({parameter}\n)" if "--" in parameter else f"({parameter})"
