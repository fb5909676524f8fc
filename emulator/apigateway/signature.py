"""AWS_IAM authorization: checks a request's Signature Version 4 with botocore's own signer."""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.iam.credentials import Credentials as Issued

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[\w-]+)/execute-api/aws4_request,"
    r" ?SignedHeaders=(?P<headers>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class LocalCredentials:
    """The one pair of keys that signs requests on this machine, no secret; of the API's account unless one is given."""

    access_key: str = "local"
    secret_key: str = "local"  # noqa: S105 - a dummy that AWS knows nothing of
    account_id: str | None = None


Find = Callable[[str, str | None], Issued | None]
"""The one who has a key with this session token; None for a key that nobody was given."""


def find_nobody(access_key: str, session_token: str | None) -> None:
    """Nobody has any key."""


def check_signature(
    request: ApiRequest, body: bytes, credentials: LocalCredentials, find: Find = find_nobody, *, region: str
) -> str:
    """The ARN of the role that signed the request, with the body as it was sent; empty for the local keys.

    Raises GatewayError unless it is signed for this API's region, with keys that somebody has.
    """
    header = request.header("Authorization")
    if header is None:
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    parts = _AUTHORIZATION.fullmatch(header.strip())
    date = request.header("X-Amz-Date")
    if parts is None or date is None or not date.startswith(parts["date"]) or parts["region"] != region:
        raise GatewayError("INVALID_SIGNATURE", "Authorization header is not a valid signature for this API")
    role = None
    if parts["key"] != credentials.access_key:
        role = find(parts["key"], request.header("X-Amz-Security-Token"))
        if role is None or not role.role_arn:
            raise GatewayError("ACCESS_DENIED", "The security token included in the request is invalid.")
    secret = credentials.secret_key if role is None else role.secret_key
    if not hmac.compare_digest(_signature(request, body, parts, date, secret), parts["signature"]):
        raise GatewayError(
            "INVALID_SIGNATURE",
            "The request signature we calculated does not match the signature you provided.",
        )
    return "" if role is None else role.role_arn


def _signature(request: ApiRequest, body: bytes, parts: re.Match[str], date: str, secret: str) -> str:
    signer = SigV4Auth(Credentials(parts["key"], secret), "execute-api", parts["region"])
    target = urlsplit(request.target)
    signed = AWSRequest(
        method=request.method,
        url=f"http://{request.header('Host')}{target.path}" + (f"?{target.query}" if target.query else ""),
        headers={name: request.header(name) or "" for name in parts["headers"].split(";")},
        data=body,
    )
    signed.context["timestamp"] = date
    canonical = signer.canonical_request(signed)
    return str(signer.signature(signer.string_to_sign(signed, canonical), signed))
