"""Authorization: a method's signature or authorizer, together with the API's resource policy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from typing import Any, Protocol

from emulator.apigateway.api import Api, Authorizer, Method
from emulator.apigateway.authorizers import Authorizers
from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.resource_policy import INVOKE
from emulator.apigateway.signature import LocalCredentials, check_signature
from emulator.iam.credentials import Credentials
from emulator.iam.evaluation import Permission, permission

# Of the addresses that are kept for documents: those of AWS's services are in no policy of ours.
# https://www.rfc-editor.org/rfc/rfc5737
SERVICES_ADDRESS = "192.0.2.1"


class Roles(Protocol):
    """The roles that services act as, whose policies say what they may invoke."""

    def find(self, access_key: str, session_token: str | None) -> Credentials | None:
        """The holder of temporary credentials; None for what was not issued here."""

    def may(self, role_arn: str, asked: Permission) -> bool:
        """True if a role has a permission by its own policies."""


class NoRoles:
    """No roles: nobody but the holder of the local keys signs."""

    def find(self, access_key: str, session_token: str | None) -> Credentials | None:  # noqa: ARG002 - a method of Roles
        """Finds nobody."""
        return None

    def may(self, role_arn: str, asked: Permission) -> bool:  # noqa: ARG002 - a method of Roles
        """Allows nothing."""
        return False


class Authorization:
    """Lets requests to one API through, or not; safe to use from many threads."""

    def __init__(
        self, api: Api, authorizers: Authorizers, credentials: LocalCredentials, roles: Roles
    ) -> None:
        self._api = api
        self._authorizers = authorizers
        self._credentials = credentials
        self._roles = roles

    def check(self, method: Method, request: ApiRequest, context: dict[str, Any]) -> None:
        """Raise GatewayError unless the caller may make this request; `context` gets what is known of him then.

        The body is the one that was sent, as that is what was signed.
        """
        path = "/".join((self._api.stage, request.method, *request.segments))
        if method.authorizer is not None:
            self._check_authorizer(method.authorizer, path, request, context)
            return
        signed = method.authorization == "AWS_IAM"
        role_arn = ""
        if signed:
            role_arn = check_signature(
                request, request.body, self._credentials, self._roles.find, region=self._api.region
            )
            context["identity"]["accessKey"] = self._credentials.access_key
            context["identity"]["userArn"] = role_arn or f"arn:aws:iam::{self._api.account_id}:user/local"
        if role_arn:
            context["identity"]["sourceIp"] = request.source_ip = SERVICES_ADDRESS
            self._check_role(path, request, role_arn)
            return
        account = (self._credentials.account_id or self._api.account_id) if signed else None
        self._check_policy(path, request, account)

    def _check_policy(self, path: str, request: ApiRequest, account: str | None) -> None:
        """Hold a request against the API's policy: a caller of this account needs no more than not to be denied."""
        if self._api.policy is None:
            return
        allowed = self._api.policy.allows(path, request.source_ip, account)
        if allowed is False or (allowed is None and account != self._api.account_id):
            raise GatewayError("ACCESS_DENIED", f"{account or 'anonymous'} may not execute-api:Invoke {path}")

    def _check_role(self, path: str, request: ApiRequest, role_arn: str) -> None:
        """Hold a role's request against both policies: one has to allow it, and neither may deny it."""
        account = role_arn.split(":")[4]
        policy = self._api.policy
        by_policy = policy.allows(path, request.source_ip, account, role_arn) if policy else None
        own = permission(INVOKE, f"{self._api.arn}/{path}", account)
        if by_policy is False or not (by_policy or self._roles.may(role_arn, own)):
            raise GatewayError("ACCESS_DENIED", f"{role_arn} may not {INVOKE} {path}")

    def _check_authorizer(
        self, authorizer: Authorizer, path: str, request: ApiRequest, context: dict[str, Any]
    ) -> None:
        """Ask the authorizer unless the API's policy denies the request; then one of the two has to allow it."""
        policy = self._api.policy
        by_policy = None if policy is None else policy.allows(path, request.source_ip, None)
        if by_policy is not False:
            method_arn = f"{self._api.arn}/{path}"
            verdict = self._authorizers.judge(authorizer, request, context, method_arn)
            context["authorizer"] = verdict.context
            by_authorizer = verdict.allows(method_arn, request.source_ip)
            if by_authorizer is not False and (by_authorizer or by_policy):
                return
            by_policy = by_authorizer
        explicit = " with an explicit deny" if by_policy is False else ""
        raise GatewayError("ACCESS_DENIED", f"User is not authorized to access this resource{explicit}")
