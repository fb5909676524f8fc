"""Content codings: what a client compressed, and what it wants compressed.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-enable-compression.html
"""

import gzip
import zlib

from emulator.apigateway.errors import GatewayError

# API Gateway's payload limit; it also bounds what a small compressed body may grow to.
MAX_PAYLOAD = 10 * 1024 * 1024
_KNOWN = frozenset({"deflate", "gzip", "identity"})


def too_large() -> GatewayError:
    """The refusal of a payload over the limit."""
    return GatewayError("REQUEST_TOO_LARGE", f"HTTP content length exceeded {MAX_PAYLOAD} bytes.")


def request_coding(named: str | None) -> str:
    """The coding that a request's Content-Encoding names; GatewayError (UNSUPPORTED_MEDIA_TYPE) for one not known.

    API Gateway verifies it before it looks which API and stage the request is for.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html
    """
    name = (named or "").strip().lower() or "identity"
    if name not in _KNOWN:
        raise _unsupported()
    return name


def decompress(body: bytes, coding: str, minimum_size: int | None) -> bytes:
    """The body as the client meant it.

    Request bodies are decompressed whether or not the API compresses its answers; one that does so from a minimum size
    on leaves smaller bodies as they are. A body that is not in the stated coding is an unsupported media type.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
    """
    if coding == "identity" or len(body) < (minimum_size or 0):
        return body
    # 32: the header says whether it is gzip or zlib; a deflate body without any header is raw (-15).
    windows = (zlib.MAX_WBITS | 16,) if coding == "gzip" else (zlib.MAX_WBITS, -zlib.MAX_WBITS)
    for window in windows:
        try:
            return _inflate(body, window)
        except zlib.error:
            continue
    raise _unsupported()


def _inflate(body: bytes, window: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest:
        stream = zlib.decompressobj(window)
        parts.append(stream.decompress(rest, MAX_PAYLOAD + 1 - size))
        size += len(parts[-1])
        if size > MAX_PAYLOAD:
            raise too_large()
        if not stream.eof:
            raise zlib.error("the body ends early")
        rest = stream.unused_data
    return b"".join(parts)


def compress(body: bytes, accepted: str | None, minimum_size: int | None) -> tuple[bytes, str | None]:
    """The response body in the coding the client prefers, and that coding's name."""
    if minimum_size is None or not body or len(body) < minimum_size or not accepted:
        return body, None
    best = _preferred(accepted)
    if best == "gzip":
        return gzip.compress(body, 5, mtime=0), best
    if best == "deflate":
        return zlib.compress(body, 5), best
    return body, None


def _preferred(accepted: str) -> str:
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        name, _, parameters = item.partition(";")
        try:
            weights[name.strip()] = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            weights[name.strip()] = 0.0
    if "*" in weights and "gzip" not in weights:
        weights["gzip"] = weights["*"]
    name, weight = max(weights.items(), key=lambda item: item[1])
    return name if weight > 0 else "identity"


def _unsupported() -> GatewayError:
    return GatewayError("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type")
