"""An AWS client whose calls are answered as a test says."""

from typing import Any

from botocore.exceptions import ClientError


def refusal(code: str, message: str = "why", status: int = 400) -> ClientError:
    """An answer of AWS that is an error."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "Call",
    )


class Scripted:
    """A client whose calls are answered in turn, whatever they are."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
