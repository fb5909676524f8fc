"""The API's resource policy: from which addresses, and for which other accounts, it answers.

How it combines with a caller's own permissions:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from collections.abc import Mapping
from typing import Any

from awacs.aws import Allow, ArnNotLike, Condition, Deny, NotIpAddress, Principal, Statement
from awacs.execute_api import Invoke
from troposphere import Sub, encode_to_dict

from templates.config.pipeline import Api
from templates.constructs.policy import document

# What no format is posted with: where posts are signed, the rest is not, and tells or stores nothing.
_UNSIGNED = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT")


def resource_policy(api: Api, *, stage: str, own_roles: str) -> Mapping[str, Any] | None:
    """The policy that the settings ask for; None if they ask for none, and only this account's callers may post.

    Once there is a policy, what is not signed has to be allowed by it. A signed caller of this account is allowed by
    its own permissions, one of another account only by both; so addresses are refused, not only left out. The stack's
    own roles, all below the path `own_roles`, come from AWS's addresses, of which nobody knows a list.
    """
    if not api.allow_from and not api.allow_accounts:
        return None
    everybody, statements = Principal("*"), []
    if api.allow_from:
        own = Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role{own_roles}*")
        others = Condition(
            [NotIpAddress({"aws:SourceIp": list(api.allow_from)}), ArnNotLike({"aws:PrincipalArn": own})]
        )
        statements.append(_statement(Deny, everybody, "*", Condition=others))
    if api.auth == "none":
        return encode_to_dict(document(*statements, _statement(Allow, everybody, "*")))
    statements.append(_statement(Allow, everybody, *(f"{stage}/{verb}/*" for verb in _UNSIGNED)))
    if api.allow_accounts:
        accounts = [Sub(f"arn:${{AWS::Partition}}:iam::{account}:root") for account in api.allow_accounts]
        statements.append(_statement(Allow, Principal("AWS", accounts), f"{stage}/POST/*"))
    return encode_to_dict(document(*statements))


def _statement(effect: str, principal: Principal, *paths: str, **condition: Any) -> Statement:
    """A statement on the API's own paths; API Gateway puts region, account and API before them."""
    resources = [f"execute-api:/{path}" for path in paths]
    return Statement(Effect=effect, Principal=principal, Action=[Invoke], Resource=resources, **condition)
