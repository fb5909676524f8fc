"""Access: every request of a role is held against its policies, and what was asked is kept."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from emulator.aws_request import AwsRequest
from emulator.cloudformation.deployment import Deployment
from emulator.errors import PermissionMissingError
from emulator.http_server import Response
from emulator.iam.configured import acting
from emulator.iam.credentials import OPERATOR, Credentials, IssuedCredentials
from emulator.iam.evaluation import Grant, Permission, grants, permission
from emulator.iam.implied import ImpliedPermissions
from emulator.iam.policy import Statement, parse_policy
from emulator.iam.requests import UnknownOperationError, WorkGroupOf, permissions_of, primary_work_group
from emulator.iam.s3_requests import bucket_arn
from emulator.responses import error

_CREDENTIAL = re.compile(r"Credential=([^/\s]+)/")
_DECISIONS_KEPT = 20_000
_REFUSALS_KEPT = 1_000
# Calls that may change what is allowed, whoever makes them.
_HOLDERS = frozenset({"iam", "kms", "sns"})
_CHANGE = re.compile(r"Attach|Create|Delete|Detach|Put|Set|Update")
# Services that have other names than AccessDeniedException for it: for the call itself, and for the resource's key.
_CODES = {
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "lambda": ("AccessDeniedException", 403),
}
_KEY_CODES = {"kinesis": "KMSAccessDeniedException", "sns": "KMSAccessDenied", "s3": "AccessDenied"}

Document = Mapping[str, Any]
_Call = tuple[str, tuple[Permission, ...], str]
"""Who calls, what that takes, and in which region."""


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies in force: a role's, its trust, and that of a resource. The first two raise LookupError."""

    of_role: Callable[[str], Sequence[Document]]
    of_trust: Callable[[str], Document]
    of_resource: Callable[[str], Document | None]


@dataclass(frozen=True, slots=True)
class _Decision:
    allowed: bool
    by: frozenset[Grant]


class Access:
    """Decides about requests; safe to use from many threads."""

    def __init__(
        self, account: str, policies: Policies, work_group_of: WorkGroupOf = primary_work_group
    ) -> None:
        self._account = account
        self._work_group_of = work_group_of
        self._policies = policies
        self._credentials = IssuedCredentials()
        self._implied = ImpliedPermissions(account)
        self._decisions: dict[tuple[str, Permission], _Decision] = {}
        self._granted: set[_Call] = set()
        self._statements: dict[str, tuple[Statement, ...]] = {}
        self._used: dict[tuple[str, str, frozenset[Grant]], Permission] = {}
        self._refused: dict[tuple[str, Permission], None] = {}
        self._lock = threading.Lock()

    def issue(self, role_arn: str, session: str) -> Credentials:
        """Temporary credentials of a role."""
        return self._credentials.issue(role_arn, session)

    def issue_to_service(self, service: str, source_arn: str) -> Credentials:
        """Credentials of a service that calls for a resource: what is called says by its policy whether it may."""
        return self._credentials.issue_to_service(service, source_arn)

    def publish(self, deployment: Deployment) -> None:
        """Take note of a deployment, and check what acts as its roles.

        PermissionMissingError names the resource that AWS would not create, or that would not do its work.
        """
        self._implied.learn(deployment)
        self.forget()
        for one in acting(deployment):
            if not self._trusts(one.role_arn, one.service):
                raise PermissionMissingError(f"{one.logical_id}: {one.service} may not assume {one.role_arn}")
            for asked in (*one.permissions, *self._implied.of(one.permissions, deployment.region)):
                if not self._allows(one.role_arn, asked):
                    raise PermissionMissingError(
                        f"{one.logical_id}: {one.role_arn} may not {asked.action} on {asked.resource}"
                    )

    def caller(self, request: AwsRequest) -> Credentials | None:
        """The one who signed a request; None for credentials that were not issued here."""
        authorization, query = request.header("authorization") or "", {}
        found = _CREDENTIAL.search(authorization)
        if found is None and "X-Amz-Credential" in request.target:
            query = parse_qs(request.target.partition("?")[2])
        key = found[1] if found else query.get("X-Amz-Credential", [""])[0].partition("/")[0]
        token = request.header("x-amz-security-token") or query.get("X-Amz-Security-Token", [None])[0]
        return self._credentials.find(key, token)

    def refuse(self, request: AwsRequest) -> Response | None:
        """The answer to a request that its caller may not make; None when it may."""
        caller = self.caller(request)
        if caller is None:
            return error(request, *_invalid_token(request))
        if caller == OPERATOR:
            return None
        try:
            asked = permissions_of(request, self._account, self._work_group_of)
        except UnknownOperationError as unknown:
            message = f"The local run does not know which permission this takes: {unknown}"
            return error(request, "UnknownOperationException", message, 400)
        if caller.service:
            source = (("aws:sourcearn", caller.source_arn), ("aws:sourceaccount", self._account))
            asked = tuple(replace(one, context=(*one.context, *source)) for one in asked)
        granted, statement = self._granted, _statement(request)
        call = (caller.service or caller.role_arn, asked, request.region)
        if call in granted and not statement:
            return None
        for one in (*asked, *self._implied.of(asked, request.region, statement)):
            if not self._allows(caller.service or caller.role_arn, one):
                return _denied(request, caller, one)
        if not statement and len(granted) < _DECISIONS_KEPT:
            granted.add(
                call
            )  # with all that it implies, as nothing but a statement implies more at another time
        return None

    def find(self, access_key: str, session_token: str | None) -> Credentials | None:
        """The holder of credentials; None for temporary ones that were not issued here."""
        return self._credentials.find(access_key, session_token)

    def may(self, role_arn: str, asked: Permission) -> bool:
        """True if a role has a permission, for what is called by other ways than the endpoint."""
        return self._allows(role_arn, asked)

    def everybody_may_invoke(self, function_arn: str, authorization: str) -> bool:
        """True if a function's policy lets everybody invoke it by a URL of this authorization: two permissions.

        https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        """
        conditions = {
            "lambda:InvokeFunctionUrl": {"lambda:functionurlauthtype": authorization},
            "lambda:InvokeFunction": {"lambda:invokedviafunctionurl": "true"},
        }
        return all(
            self._allows("anonymous", permission(action, function_arn, self._account, **context))
            for action, context in conditions.items()
        )

    def review(self, request: AwsRequest, answer: Response) -> Response:
        """The answer as the caller may see it: that there is no such object is for those who may list the bucket.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        service = request.service
        if "policy" in request.target or (service in _HOLDERS and _CHANGE.match(request.operation)):
            self.forget()
        if answer.status == 404 and service == "s3" and request.operation in {"GetObject", "HeadObject"}:
            caller = self.caller(request)
            listing = permission("s3:ListBucket", bucket_arn(request), self._account)
            if caller is not None and caller.role_arn and not self._allows(caller.role_arn, listing):
                return _denied(request, caller, listing)
        return answer

    def forget(self) -> None:
        """Decide anew from now on: a policy has changed."""
        with self._lock:
            self._decisions.clear()
            self._granted = set()  # what is decided just now goes into the one before
            self._statements.clear()

    def describe(self) -> dict[str, Any]:
        """The permissions that roles used, one for each place in a policy that gives it, and those refused."""
        with self._lock:
            used = [(role, permission) for (role, _, _), permission in self._used.items()]
            refused = list(self._refused)
        return {"used": [_shown(*item) for item in used], "refused": [_shown(*item) for item in refused]}

    def _allows(self, caller: str, asked: Permission) -> bool:
        """True if a role, by its ARN, or a service or nobody, by their name, has a permission."""
        decision = self._decisions.get((caller, asked))
        if decision is None:
            decision = self._decide(caller, asked)
            with self._lock:
                if len(self._decisions) >= _DECISIONS_KEPT:
                    self._decisions.clear()
                self._decisions[caller, asked] = decision
                if decision.allowed:
                    self._used.setdefault((caller, asked.action, decision.by), asked)
                elif len(self._refused) < _REFUSALS_KEPT:
                    self._refused[caller, asked] = None
        return decision.allowed

    def _decide(self, caller: str, asked: Permission) -> _Decision:
        own = self._parsed(caller, lambda: self._of_role(caller))
        target = asked.resource
        owner = target.partition("/")[0] if target.startswith("arn:aws:s3:") else target
        theirs = self._parsed(owner, lambda: [found] if (found := self._policy_of(owner)) else [])
        everyone, root = {"*", caller}, f"arn:aws:iam::{self._account}:root"
        by = grants(own, asked, allows=True)
        denied = grants(own, asked, allows=False) or grants(
            theirs, asked, allows=False, principals={*everyone, root}
        )
        # A key's policy must let the account's policies decide; other resources leave that to them anyway.
        delegated = asked.action.startswith("kms:") is False or bool(
            grants(theirs, asked, allows=True, principals={root})
        )
        direct = grants(theirs, asked, allows=True, principals=everyone)
        return _Decision(not denied and bool(direct or (by and delegated)), by)

    def _of_role(self, role_arn: str) -> Sequence[Document]:
        try:
            return self._policies.of_role(role_arn)
        except LookupError:
            return []

    def _policy_of(self, arn: str) -> Document | None:
        return self._policies.of_resource(arn) if arn.count(":") >= 5 else None

    def _trusts(self, role_arn: str, service: str) -> bool:
        try:
            statements = parse_policy(self._policies.of_trust(role_arn))
        except LookupError:
            return False
        assume = Permission("sts:AssumeRole", role_arn, (("aws:sourceaccount", self._account),))
        return bool(grants(statements, assume, allows=True, principals={service}))

    def _parsed(self, owner: str, documents: Callable[[], Sequence[Document]]) -> tuple[Statement, ...]:
        found = self._statements.get(owner)
        if found is None:
            found = tuple(statement for document in documents() for statement in parse_policy(document))
            with self._lock:
                self._statements[owner] = found
        return found


def _statement(request: AwsRequest) -> str:
    """The text of a query, or nothing."""
    if request.operation == "Query" and request.json_target.startswith("Timestream_"):
        return str(request.json().get("QueryString", ""))
    return ""


def _denied(request: AwsRequest, caller: Credentials, asked: Permission) -> Response:
    """The refusal in the service's own words."""
    service = request.service
    code, status = _CODES.get(service, ("AccessDeniedException", 400))
    if asked.action.startswith("kms:"):
        code, status = _KEY_CODES.get(service, code), 403 if service == "s3" else 400
    kind = "resource-based" if caller.service else "identity-based"
    message = (
        f"User: {caller.arn} is not authorized to perform: {asked.action} on resource: {asked.resource} "
        f"because no {kind} policy allows the {asked.action} action"
    )
    return error(request, code, message, status)


def _invalid_token(request: AwsRequest) -> tuple[str, str, int]:
    code = "InvalidAccessKeyId" if request.service == "s3" else "UnrecognizedClientException"
    return code, "The security token included in the request is invalid.", 403


def _shown(role_arn: str, permission: Permission) -> dict[str, Any]:
    context = {name: value for name, value in permission.context if name != "aws:securetransport"}
    return {
        "role": role_arn,
        "action": permission.action,
        "resource": permission.resource,
        "context": context,
    }
