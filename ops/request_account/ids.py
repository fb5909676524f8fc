"""The id of a request, in the forms in which its client sees it."""

import json

from ops.errors import OperatorError

_MOST_CHARACTERS = 256
_BLANKS = " \t\r\n"
_HEADERS = ("x-amz-apigw-id", "x-amzn-requestid")


def request_id(text: str) -> str:
    """The id in an answer's header (`x-amz-apigw-id: …`), in its body of JSON, or alone; OperatorError if it is none.

    A record that something else than the API put on the stream has its whole partition key for an id, so whatever
    fits there is one.
    """
    given = text.strip(_BLANKS)
    if given.startswith("{"):
        given = _of_body(given)
    name, colon, rest = given.partition(":")
    if colon and name.strip().lower() in _HEADERS:
        given = rest.strip(_BLANKS)
    given = given.strip("\"'")
    if not 0 < len(given) <= _MOST_CHARACTERS:
        raise OperatorError(f"{text!r}: expected a request's id, of 1 to {_MOST_CHARACTERS} characters")
    return given


def _of_body(text: str) -> str:
    try:
        return str(json.loads(text)["request_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
