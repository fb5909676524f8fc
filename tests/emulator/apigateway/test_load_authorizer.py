"""Authorizers that AWS would not create, or that are not served."""

from typing import Any

import pytest

from emulator.apigateway.load_api import load_api
from emulator.errors import UnsupportedApiError
from tests.support.rest_api import AUTHORIZER, authorized_api


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Type": "COGNITO_USER_POOLS"}, "authorizers of the type COGNITO_USER_POOLS"),
        ({"AuthorizerUri": "arn:aws:apigateway:us-east-1:kinesis:action/PutRecord"}, "invokes no function"),
        ({"AuthorizerUri": None}, "invokes no function"),
        ({"AuthorizerResultTtlInSeconds": 3601}, "0 to 3600, not 3601"),
        ({"AuthorizerResultTtlInSeconds": -1}, "0 to 3600"),
        ({"IdentitySource": ""}, "needs an IdentitySource"),
        ({"IdentitySource": "method.request.body.token"}, "IdentitySource method.request.body"),
        ({"IdentitySource": "method.request.header.A, Authorization"}, "IdentitySource"),
        ({"IdentitySource": "method.request.querystring.a", "Type": "TOKEN"}, "none of a TOKEN"),
        ({"IdentitySource": "method.request.header.A,method.request.header.B", "Type": "TOKEN"}, "TOKEN"),
        (
            {"IdentitySource": "", "Type": "TOKEN", "AuthorizerResultTtlInSeconds": 0},
            "needs an IdentitySource",
        ),
        ({"IdentityValidationExpression": ".*"}, "only TOKEN authorizers"),
        (
            {"ProviderARNs": ["arn:aws:cognito-idp:us-east-1:1:userpool/a"]},
            "ProviderARNs, which is not served",
        ),
    ],
)
def test_what_is_no_authorizer_is_named(changes: dict[str, Any], named: str) -> None:
    """By its logical id, with what is wrong."""
    with pytest.raises(UnsupportedApiError, match=f"Authorizer: .*{named}"):
        load_api(authorized_api(**changes))


def test_an_authorizer_is_read_with_awss_defaults() -> None:
    """Results are kept for five minutes; a REQUEST authorizer that keeps none needs no identity."""
    found = load_api(authorized_api()).methods["/metrics"]["POST"].authorizer
    assert found is not None
    assert (found.ttl_s, found.sources, found.role_arn) == (
        300,
        ("method.request.header.Authorization",),
        None,
    )
    assert found.arn == "arn:aws:execute-api:us-east-1:123456789012:api1/authorizers/auth1"
    assert found.function_arn == AUTHORIZER
    unkept = load_api(authorized_api(AuthorizerResultTtlInSeconds="0", IdentitySource=""))
    authorizer = unkept.methods["/metrics"]["POST"].authorizer
    assert authorizer is not None
    assert (authorizer.ttl_s, authorizer.sources) == (0, ())
