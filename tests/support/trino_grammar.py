"""Trino's own grammar of its statements, as the judge of what is SQL: slow, and with nothing behind it."""

from antlr4 import BailErrorStrategy, CommonTokenStream, InputStream
from antlr4.atn.PredictionMode import PredictionMode
from antlr4.error.Errors import ParseCancellationException
from trino_query_parser.SqlBaseLexer import SqlBaseLexer
from trino_query_parser.SqlBaseParser import SqlBaseParser


def is_statement(text: str) -> bool:
    """True if Trino's grammar has the statement."""
    return _parses(text, PredictionMode.SLL) or _parses(text, PredictionMode.LL)


def _parses(text: str, mode: object) -> bool:
    lexer = SqlBaseLexer(InputStream(text.upper()))
    lexer.removeErrorListeners()
    parser = SqlBaseParser(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.buildParseTrees = False
    parser._interp.predictionMode = mode
    parser._errHandler = BailErrorStrategy()
    try:
        parser.singleStatement()
    except ParseCancellationException:
        return False
    return True
