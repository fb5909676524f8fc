"""An API's own policy: who is let in by it, with and without a signature, and what of it is not served."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator import Gateway
from emulator.apigateway.load_api import load_api
from emulator.apigateway.resource_policy import load_policy
from emulator.apigateway.signature import LocalCredentials
from emulator.errors import UnsupportedApiError
from tests.support.http_client import caller
from tests.support.rest_api import FakeKinesis, rest_api

ARN = "arn:aws:execute-api:us-east-1:123456789012:api1"
POINT = {"metric_name": "a", "value": 1}
INSIDE, OUTSIDE = "203.0.113.9", "198.51.100.9"
OFFICE = {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}
FOREIGN = LocalCredentials(account_id="210987654321")


def statement(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    """A statement on everybody and everything, but for the given parts."""
    given = {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    return {**given, **parts}


def api(*statements: dict[str, Any], authorization: str = "NONE") -> Any:
    """The small API with that policy, and that authorization of its POST."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return rest_api(Api={"Policy": policy}, PostMetrics={"AuthorizationType": authorization})


def post(gateway: Gateway, *, signed: bool = False) -> int:
    """The status that a point is answered with."""
    body = json.dumps(POINT).encode()
    request = AWSRequest("POST", f"{gateway.url}/metrics", {"Content-Type": "application/json"}, body)
    if signed:
        SigV4Auth(Credentials("local", "local"), "execute-api", "us-east-1").add_auth(request)
    return caller(gateway.url)("POST", "/metrics", headers=dict(request.headers), raw=body).status


ALLOW, DENY = statement(), statement("Deny", Condition={"NotIpAddress": OFFICE})
THEIRS = statement(Principal={"AWS": ["arn:aws:iam::210987654321:root"]}, Resource="execute-api:/live/POST/*")


@pytest.mark.parametrize(
    ("statements", "source_ip", "credentials", "unsigned", "signed"),
    [
        pytest.param((ALLOW,), OUTSIDE, None, 202, 202, id="everybody is allowed"),
        pytest.param((ALLOW, DENY), INSIDE, None, 202, 202, id="not denied from within"),
        pytest.param((ALLOW, DENY), "2001:db8::1", None, 202, 202, id="not denied from within, version 6"),
        pytest.param((ALLOW, DENY), OUTSIDE, None, 403, 403, id="denied from without, whatever allows it"),
        pytest.param((THEIRS,), INSIDE, None, 403, 202, id="silent: enough for a signature of this account"),
        pytest.param((THEIRS,), INSIDE, FOREIGN, 403, 202, id="another account that is allowed"),
        pytest.param((DENY,), INSIDE, FOREIGN, 403, 403, id="silent: too little for another account"),
        pytest.param(
            (statement(Condition={"IpAddress": OFFICE}),),
            OUTSIDE,
            FOREIGN,
            403,
            403,
            id="allowed elsewhere only",
        ),
        pytest.param(
            (statement(Resource=f"{ARN}/live/GET/*"),),
            INSIDE,
            FOREIGN,
            403,
            403,
            id="another method is allowed",
        ),
    ],
)
def test_a_policy_lets_in_whom_the_documentation_says(
    serve: Callable[..., Gateway],
    kinesis: FakeKinesis,
    statements: tuple[dict[str, Any], ...],
    source_ip: str,
    credentials: LocalCredentials | None,
    unsigned: int,
    signed: int,
) -> None:
    """A denial ends it; silence is enough for signed callers of the API's account alone; the stream sees no other."""
    options = {"source_ip": source_ip, "credentials": credentials}
    assert post(serve(api(*statements), **options)) == unsigned
    assert post(serve(api(*statements, authorization="AWS_IAM"), **options), signed=True) == signed
    assert len(kinesis.requests) == (unsigned, signed).count(202)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"NotResource": "execute-api:/*"}, "NotResource"),
        ({"Action": "execute-api:ManageConnections"}, "manageconnections"),
        ({"Principal": []}, "no principal"),
        ({"Principal": {"Service": "events.amazonaws.com"}}, "events.amazonaws.com"),
        ({"Principal": {"AWS": "arn:aws:iam::210987654321:role/client"}}, "role/client"),
        ({"Resource": "api1/*"}, "api1/"),
        ({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, "SourceVpce"),
        ({"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}}, "VpcSourceIp"),
    ],
)
def test_what_of_a_policy_is_not_evaluated_is_refused(parts: dict[str, Any], said: str) -> None:
    """Nothing of a policy is passed over: the API is not served, and the line names it and the part."""
    with pytest.raises(UnsupportedApiError, match=rf"^Api: .*{said}"):
        load_api(api(statement(**parts)))


def test_a_policy_says_who_is_known_by_the_account_alone() -> None:
    """An account may stand by its number, and a list of one is the one."""
    policy = load_policy("Api", {"Statement": statement(Principal={"AWS": "210987654321"})}, ARN)
    assert policy.allows("live/POST/metrics", INSIDE, "210987654321") is True
    assert policy.allows("live/POST/metrics", INSIDE, None) is None
