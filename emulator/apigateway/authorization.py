"""Authorization: a method's signature or authorizer, together with the API's resource policy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from typing import Any

from emulator.apigateway.api import Api, Authorizer, Method
from emulator.apigateway.authorizers import Authorizers
from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.signature import LocalCredentials, check_signature


class Authorization:
    """Lets requests to one API through, or not; safe to use from many threads."""

    def __init__(self, api: Api, authorizers: Authorizers, credentials: LocalCredentials) -> None:
        self._api = api
        self._authorizers = authorizers
        self._credentials = credentials

    def check(self, method: Method, request: ApiRequest, context: dict[str, Any]) -> None:
        """Raise GatewayError unless the caller may make this request; `context` gets what is known of him then.

        The body is the one that was sent, as that is what was signed.
        """
        path = "/".join((self._api.stage, request.method, *request.segments))
        if method.authorizer is not None:
            self._check_authorizer(method.authorizer, path, request, context)
            return
        signed = method.authorization == "AWS_IAM"
        if signed:
            check_signature(request, request.body, self._credentials, region=self._api.region)
            context["identity"]["accessKey"] = self._credentials.access_key
        account = (self._credentials.account_id or self._api.account_id) if signed else None
        self._check_policy(path, request, account)

    def _check_policy(self, path: str, request: ApiRequest, account: str | None) -> None:
        """Hold a request against the API's policy: a caller of this account needs no more than not to be denied."""
        if self._api.policy is None:
            return
        allowed = self._api.policy.allows(path, request.source_ip, account)
        if allowed is False or (allowed is None and account != self._api.account_id):
            raise GatewayError("ACCESS_DENIED", f"{account or 'anonymous'} may not execute-api:Invoke {path}")

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
