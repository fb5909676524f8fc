"""Binary media types: which bodies count as binary, and what an API makes of them on their way in and out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
"""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from emulator.apigateway.errors import GatewayError

TO_BINARY: Final = "CONVERT_TO_BINARY"
TO_TEXT: Final = "CONVERT_TO_TEXT"


@dataclass(frozen=True, slots=True)
class Payload:
    """A body after its conversion; only one that is text can pass through a mapping template."""

    body: bytes
    is_text: bool


def is_listed(media_type: str, listed: Collection[str]) -> bool:
    """True if a media type is among an API's binary ones, which may end in `/*` or be `*/*`."""
    return not {media_type, f"{media_type.partition('/')[0]}/*", "*/*"}.isdisjoint(listed)


def convert_request(body: bytes, *, binary: bool, handling: str | None) -> Payload:
    """The payload of the integration request. Text that is no UTF-8 is damaged: U+FFFD stands for what is not.

    Raises GatewayError (API_CONFIGURATION_ERROR) where text that is no base64 has to become binary.
    """
    return _convert(body, binary=binary, to_text=handling == TO_TEXT or (not handling and not binary))


def convert_response(body: bytes, *, binary: bool, accepts_binary: bool, handling: str | None) -> Payload:
    """The payload of the method response, by the type of the integration's answer and by what the client accepts.

    Raises GatewayError (API_CONFIGURATION_ERROR) where text that is no base64 has to become binary.
    """
    to_text = handling == TO_TEXT or (not handling and not accepts_binary)
    return _convert(body, binary=binary, to_text=to_text)


def configuration_error() -> GatewayError:
    """The failure of a conversion, and of a mapping template that gets what is no text."""
    return GatewayError("API_CONFIGURATION_ERROR", "Internal server error")


def _convert(body: bytes, *, binary: bool, to_text: bool) -> Payload:
    if to_text:
        text = base64.b64encode(body) if binary else body.decode("utf-8", "replace").encode()
        return Payload(text, is_text=True)
    if binary:
        return Payload(body, is_text=False)
    try:
        return Payload(base64.b64decode(body, validate=True), is_text=False)
    except binascii.Error as error:
        raise configuration_error() from error
