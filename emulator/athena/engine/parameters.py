"""Execution parameters: the values of a statement's question marks.

A value that is an expression without names stands as it is; any other is a string, as Athena takes it.
"""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from emulator.sql import InvalidQueryError, grammar
from emulator.sql.bound import text


def with_parameters(sql: str, stream: Sequence[Token], parameters: Sequence[str]) -> str:
    """The statement with each ? replaced; values for one without any are ignored, too few are refused."""
    places = [token for token in stream if token.token_type == TokenType.PLACEHOLDER]
    if places and len(places) != len(parameters):
        raise grammar.refuse(
            f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        )
    for token, parameter in reversed(list(zip(places, parameters, strict=False))):
        sql = f"{sql[: token.start]}{_expression(parameter)}{sql[token.end + 1 :]}"
    return sql


def _expression(parameter: str) -> str:
    query = f"SELECT {parameter}"
    try:
        parsed = grammar.parse(query, grammar.tokens(query))
    except InvalidQueryError:
        return text(parameter)
    alone = len(parsed.expressions) == 1 and not any(
        value for part, value in parsed.args.items() if part != "expressions"
    )
    named = parsed.find(exp.Identifier, exp.Placeholder, exp.Subquery, exp.Star)
    if not alone or named is not None:
        return text(parameter)
    return f"({parameter}\n)" if "--" in parameter else f"({parameter})"
