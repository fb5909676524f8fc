"""The task `apigateway:invoke`: an API called by a state machine, with its role's signature."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from emulator import Gateway
from emulator.cloudformation.deployment import Deployment
from emulator.iam.credentials import Credentials, IssuedCredentials
from emulator.iam.evaluation import Permission
from emulator.moto import api_tasks, state_machines
from tests.support.aws_clients import Clients
from tests.support.local_run import wait_for
from tests.support.rest_api import FakeKinesis, rest_api

HOST = "api1.execute-api.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/any"
CALL: dict[str, Any] = {
    "ApiEndpoint": HOST,
    "Method": "POST",
    "Stage": "live",
    "Path": "/metrics",
    "Headers": {"Content-Type": ["application/json"]},
    "RequestBody": {"metric_name": "a", "value": 1},
    "AuthType": "IAM_ROLE",
}


@dataclass
class OneRole:
    """Roles of which each has what is put into `allowed`, and what they were asked for."""

    allowed: set[str] = field(default_factory=set)
    asked: list[Permission] = field(default_factory=list)
    issued: IssuedCredentials = field(default_factory=IssuedCredentials)

    def find(self, access_key: str, session_token: str | None) -> Credentials | None:
        """The holder of these keys."""
        return self.issued.find(access_key, session_token)

    def may(self, role_arn: str, asked: Permission) -> bool:
        """True if it was allowed."""
        self.asked.append(asked)
        return role_arn in self.allowed


@pytest.fixture
def roles() -> OneRole:
    """The role of the machine, which may call."""
    return OneRole({ROLE})


@pytest.fixture
def call(serve: Callable[..., Gateway], roles: OneRole) -> Callable[..., api_tasks.ApiAnswer]:
    """Call the small API, whose POST wants a signature, with these parameters changed and this policy."""

    def called(policy: Any = None, **changes: Any) -> api_tasks.ApiAnswer:
        wanted: dict[str, dict[str, Any]] = {"Api": {"Policy": policy}} if policy else {}
        gateway = serve(rest_api(PostMetrics={"AuthorizationType": "AWS_IAM"}, **wanted), roles=roles)
        parameters = {name: value for name, value in {**CALL, **changes}.items() if value is not None}
        return api_tasks.call_api(parameters, ROLE, {HOST: gateway.url}.get, roles.issued.issue)

    return called


def test_a_call_is_signed_with_the_role_and_sends_its_body(
    call: Callable[..., api_tasks.ApiAnswer], roles: OneRole, kinesis: FakeKinesis
) -> None:
    """As JSON, to the path below the stage; the role is asked for the method and path that it calls."""
    answer = call()
    assert (answer.status_code, answer.output()["StatusText"]) == (202, "Accepted")
    assert answer.output()["ResponseBody"]["request_id"]
    assert len(kinesis.requests) == 1
    [asked] = roles.asked
    assert asked.action == "execute-api:Invoke"
    assert asked.resource == "arn:aws:execute-api:us-east-1:123456789012:api1/live/POST/metrics"


def test_a_role_without_the_permission_is_refused(
    call: Callable[..., api_tasks.ApiAnswer], roles: OneRole, kinesis: FakeKinesis
) -> None:
    """403, and nothing is put on the stream; no more does one get through that does not sign."""
    roles.allowed.clear()
    assert call().status_code == 403
    assert call(AuthType=None).status_code == 404
    assert kinesis.requests == []


def test_a_policy_of_addresses_refuses_a_state_machine_unless_it_leaves_its_role_out(
    call: Callable[..., api_tasks.ApiAnswer],
) -> None:
    """A service's address is none of the user's; with the keys of a role the policy may tell who calls."""
    deny: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "127.0.0.1/32"]}},
    }
    assert call({"Statement": [deny]}).status_code == 403
    for left_out, status in ((ROLE, 202), ("arn:aws:iam::123456789012:role/other/*", 403)):
        but = {**deny, "Condition": {**deny["Condition"], "ArnNotLike": {"aws:PrincipalArn": left_out}}}
        assert call({"Statement": [but]}).status_code == status


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Method": None}, "Method"),
        ({"QueryParameters": {"a": ["1"]}}, "QueryParameters"),
        ({"Method": "GET"}, "RequestBody"),
        ({"Headers": {"Authorization": ["x"]}}, "Authorization"),
        ({"Headers": {"X-Amz-Date": ["x"]}}, "X-Amz-Date"),
        ({"AuthType": "RESOURCE_POLICY"}, "RESOURCE_POLICY"),
        ({"ApiEndpoint": "other.execute-api.us-east-1.amazonaws.com"}, "other"),
    ],
)
def test_a_parameter_that_is_not_taken_is_named(
    call: Callable[..., api_tasks.ApiAnswer], changes: dict[str, Any], named: str
) -> None:
    """What AWS refuses, and what this AWS does not know."""
    with pytest.raises((ValueError, ConnectionError), match=named):
        call(**changes)


@pytest.fixture
def served(serve: Callable[[Deployment], Gateway], client: Clients, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of Step Functions whose machines reach the small API."""
    gateway = serve(rest_api())
    monkeypatch.setattr(state_machines._Tasks, "url_of", staticmethod(lambda _: gateway.url))
    return client("stepfunctions")


def test_an_execution_has_the_answer_or_the_status_as_its_error(served: Any) -> None:
    """All of 2xx is success; what is not is ApiGateway and the status, with the body as its cause."""
    ends: list[dict[str, Any]] = []
    for body in (CALL["RequestBody"], {"value": "much"}):
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::apigateway:invoke",
            "Parameters": {**CALL, "AuthType": "NO_AUTH", "RequestBody": body},
            "Catch": [{"ErrorEquals": ["ApiGateway.400"], "Next": "Caught"}],
            "End": True,
        }
        arn = served.create_state_machine(
            name=f"calls{len(ends)}",
            definition=json.dumps({"StartAt": "S", "States": {"S": task, "Caught": {"Type": "Succeed"}}}),
            roleArn=ROLE,
        )["stateMachineArn"]
        execution = served.start_execution(stateMachineArn=arn)["executionArn"]
        ends.append(_ended(served, execution))
    good, bad = ends
    assert json.loads(good["output"])["StatusCode"] == 202
    assert json.loads(bad["output"])["Error"] == "ApiGateway.400"
    assert "invalid" in json.loads(bad["output"])["Cause"].lower()


def _ended(states: Any, execution: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(states.describe_execution(executionArn=execution))
        return found["status"] != "RUNNING"

    wait_for(ended, "the execution to end", seconds=20)
    return found
