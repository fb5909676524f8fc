"""AWS_IAM authorization: checks a request's Signature Version 4 with botocore's own signer."""

import hmac
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest

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


def check_signature(request: ApiRequest, body: bytes, credentials: LocalCredentials, *, region: str) -> None:
    """Raise GatewayError unless the request, with the body as it was sent, is signed for this API's region."""
    header = request.header("Authorization")
    if header is None:
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    parts = _AUTHORIZATION.fullmatch(header.strip())
    date = request.header("X-Amz-Date")
    if parts is None or date is None or not date.startswith(parts["date"]) or parts["region"] != region:
        raise GatewayError("INVALID_SIGNATURE", "Authorization header is not a valid signature for this API")
    if parts["key"] != credentials.access_key:
        raise GatewayError("ACCESS_DENIED", "The security token included in the request is invalid.")
    if not hmac.compare_digest(_signature(request, body, parts, date, credentials), parts["signature"]):
        raise GatewayError(
            "INVALID_SIGNATURE",
            "The request signature we calculated does not match the signature you provided.",
        )


def _signature(
    request: ApiRequest, body: bytes, parts: re.Match[str], date: str, credentials: LocalCredentials
) -> str:
    signer = SigV4Auth(
        Credentials(credentials.access_key, credentials.secret_key), "execute-api", parts["region"]
    )
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
