"""`ops clients` against the tables of three regions."""

import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.client_tokens import ClientTokens
from handlers.domain.clients.authorizing import judge
from ops import stack
from ops.__main__ import main
from ops.client_tokens import TokenTable
from ops.stack import NoStackError, Target
from tests.support.generated import tokens
from tests.support.scripted_client import refusal

HERE, THERE, FAR = REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
TABLE = "tokens"


@dataclass
class World:
    """Three regions with a table each; those that are `down` refuse what is asked of the services named."""

    down: dict[str, set[str]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    flushed: list[str] = field(default_factory=list)

    def client(self, target: Target, service: str) -> Any:
        """An SDK client in a region."""
        client: Any = _Gateway(self, target.region)
        if service == "dynamodb":
            client = boto3.client("dynamodb", region_name=target.region)
        for operation in self.down.get(target.region, ()):
            if hasattr(client, operation):
                setattr(client, operation, _refuse)
        if "scan" in self.down.get(target.region, ()) and service == "dynamodb":
            client.get_paginator = _refuse
        return client

    def outputs(self, target: Target) -> dict[str, str]:
        """The outputs of a region's stack."""
        if target.region in self.absent:
            raise NoStackError(f"no stack {target.stack_name} in {target.region}; deploy it first")
        arn = f"arn:aws:execute-api:{target.region}:123456789012:api-{target.region}/{target.config.environment}/POST/*"
        return {"ClientTokensTableName": TABLE, "IngestArn": arn}

    def whose(self, token: str, after_s: float = 0) -> list[str | None]:
        """The client that each region takes a request with this token for, so many seconds from now."""
        found = []
        for region in REGIONS:
            table = ClientTokens(boto3.client("dynamodb", region_name=region), TABLE)
            verdict = judge(f"Bearer {token}", table, time.time() + after_s)
            found.append(None if verdict.refusal else verdict.client)
        return found

    def items(self) -> list[int]:
        """The number of items in each region."""
        tables = (TokenTable(boto3.client("dynamodb", region_name=one), TABLE, one) for one in REGIONS)
        return [len(table.read().every) for table in tables]


class _Gateway:
    """An API Gateway whose caches can be emptied."""

    def __init__(self, world: World, region: str) -> None:
        self._world, self._region = world, region

    def flush_stage_authorizers_cache(self, **stage: str) -> None:
        """Note which stage's."""
        assert stage == {"restApiId": f"api-{self._region}", "stageName": "prodtok"}
        self._world.flushed.append(self._region)


def _refuse(*_: Any, **__: Any) -> Any:
    raise refusal("InternalServerError", "down", 500)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An environment in three regions, of which no client is known."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    made, config = World(), replace(tokens(), regions=REGIONS)
    monkeypatch.setattr(stack, "settings", lambda *_, **__: config)
    monkeypatch.setattr(Target, "client", lambda target, service: made.client(target, service))  # noqa: PLW0108 - a method
    monkeypatch.setattr(Target, "outputs", lambda target: made.outputs(target))  # noqa: PLW0108 - a method
    monkeypatch.setattr("ops.clients.points_of_clients", lambda *_: {})
    with mock_aws():
        for region in REGIONS:
            boto3.client("dynamodb", region_name=region).create_table(
                TableName=TABLE,
                KeySchema=[{"AttributeName": "token_hash", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "token_hash", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        yield made


def run(capsys: Any, *words: str) -> tuple[int, str, str]:
    """The status, the output and the errors of a command."""
    status = main(["clients", *words])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def added(capsys: Any, name: str = "edge") -> str:
    """The token of a client that is added."""
    status, output, _ = run(capsys, "add", name)
    assert status == 0
    return str(output.rstrip("\n"))


def test_a_clients_token_is_shown_once_and_known_in_every_region(world: World, capsys: Any) -> None:
    """It is all of standard output, for a program to take; nothing else of what is said holds it."""
    status, output, errors = run(capsys, "add", "edge")
    assert (status, world.items()) == (0, [1, 1, 1])
    assert re.fullmatch(r"tg_[A-Za-z0-9_-]{43}\n", output)
    assert world.whose(output.strip()) == ["edge"] * 3
    assert "tg_" not in errors
    assert "us-east-1, eu-west-1, ap-southeast-2" in errors
    stored = [
        str(item)
        for region in REGIONS
        for item in boto3.client("dynamodb", region_name=region).scan(TableName=TABLE)["Items"]
    ]
    assert not [item for item in stored if output.strip() in item]


def test_a_token_can_go_to_a_file_of_its_owner(world: World, tmp_path: Path, capsys: Any) -> None:
    """A new one; one that is there stays as it was, and nothing is added."""
    file = tmp_path / "edge.token"
    status, output, _ = run(capsys, "add", "edge", "--output", str(file))
    assert (status, output, stat.S_IMODE(file.stat().st_mode)) == (0, "", 0o600)
    assert world.whose(file.read_text().strip()) == ["edge"] * 3
    before = file.read_text()
    status, _, errors = run(capsys, "add", "other", "--output", str(file))
    assert (status, file.read_text(), world.items()) == (1, before, [1, 1, 1])
    assert "File exists; nothing was changed" in errors


def test_a_name_that_is_taken_in_any_region_is_refused(world: World, capsys: Any) -> None:
    """Its token stays; the message says what else can be done."""
    token = added(capsys)
    status, output, errors = run(capsys, "add", "edge")
    assert (status, output, world.items()) == (1, "", [1, 1, 1])
    assert "there is a client edge already, in us-east-1, eu-west-1, ap-southeast-2" in errors
    assert "ops clients rotate edge" in errors
    assert world.whose(token) == ["edge"] * 3


@pytest.mark.parametrize("name", ["", "-edge", "Edge", "a/b", "a b", "é", "x" * 65, "a\n"])
def test_what_no_client_can_be_called_is_refused(name: str, world: World, capsys: Any) -> None:
    """Before any region is asked."""
    with pytest.raises(SystemExit):
        main(["clients", "add", "--", name])
    assert "expected 1 to 64 lower-case letters" in capsys.readouterr().err
    assert world.items() == [0, 0, 0]


def test_nothing_is_added_while_a_region_cannot_be_asked(world: World, capsys: Any) -> None:
    """It is named; one region alone can be chosen, and the others are brought up to it later."""
    world.down = {THERE: {"scan"}}
    status, output, errors = run(capsys, "add", "edge")
    assert (status, output, "eu-west-1 cannot be asked; --region" in errors) == (1, "", True)
    assert "eu-west-1: cannot read the clients' tokens: down" in errors
    status, output, _ = run(capsys, "add", "edge", "--region", HERE)
    assert (status, world.whose(output.strip())) == (0, ["edge", None, None])
    world.down = {}
    status, said, _ = run(capsys, "sync")
    assert (status, said) == (0, "eu-west-1: 1 token of edge\nap-southeast-2: 1 token of edge\n")
    assert world.whose(output.strip()) == ["edge"] * 3
    assert run(capsys, "sync")[1] == "us-east-1, eu-west-1, ap-southeast-2: 1 client, the same everywhere\n"


def test_a_token_that_a_region_does_not_take_is_taken_back_everywhere(
    world: World, tmp_path: Path, capsys: Any
) -> None:
    """Nobody has seen it; the name is free, and no file is left."""
    world.down = {FAR: {"put_item"}}
    file = tmp_path / "token"
    status, _, errors = run(capsys, "add", "edge", "--output", str(file))
    assert (status, world.items(), file.exists()) == (1, [0, 0, 0], False)
    assert "ap-southeast-2: cannot write a client's token: down; no token was added" in errors
    world.down = {}
    added(capsys)


def test_what_cannot_be_taken_back_is_said(world: World, capsys: Any) -> None:
    """Revoking the name clears it away."""
    world.down = {HERE: {"delete_item"}, THERE: {"put_item"}}
    status, output, errors = run(capsys, "add", "edge")
    assert (status, output, world.items()) == (1, "", [1, 0, 0])
    assert "one that nobody knows may be left in us-east-1" in errors
    world.down = {}
    assert run(capsys, "revoke", "edge")[0] == 0
    added(capsys)


def test_a_region_without_a_stack_is_told_and_does_without(world: World, capsys: Any) -> None:
    """It has no API yet; when it has, its table is empty."""
    world.absent = {FAR}
    status, output, errors = run(capsys, "add", "edge")
    assert (status, world.whose(output.strip())) == (0, ["edge", "edge", None])
    assert "note: no stack metrics-prodtok in ap-southeast-2" in errors
    world.absent = set(REGIONS)
    assert run(capsys, "list")[0] == 1


def test_a_rotated_token_is_valid_for_a_while_beside_the_new_one(world: World, capsys: Any) -> None:
    """Then it is over, though it is in the table; the new one is not."""
    old = added(capsys)
    status, output, errors = run(capsys, "rotate", "edge", "--overlap", "2h")
    new = output.strip()
    assert (status, new != old) == (0, True)
    assert "the old one is valid until" in errors
    assert world.whose(old) == world.whose(new) == ["edge"] * 3
    assert world.whose(old, 7_100) == ["edge"] * 3
    assert world.whose(old, 7_300) == [None] * 3
    assert world.whose(new, 10**8) == ["edge"] * 3


def test_rotating_twice_prolongs_nothing(world: World, capsys: Any) -> None:
    """Each token ends when that was first said, or sooner."""
    first = added(capsys)
    second = run(capsys, "rotate", "edge", "--overlap", "1h")[1].strip()
    third = run(capsys, "rotate", "edge", "--overlap", "3h")[1].strip()
    assert [world.whose(token, 3_700)[0] for token in (first, second, third)] == [None, "edge", "edge"]
    assert run(capsys, "rotate", "edge", "--overlap", "30m")[0] == 0
    assert [world.whose(token, 1_900)[0] for token in (first, second, third)] == [None, None, None]


def test_without_overlap_the_old_token_is_over_at_once(world: World, capsys: Any) -> None:
    """The APIs forget what they knew of it."""
    old = added(capsys)
    status, output, errors = run(capsys, "rotate", "edge", "--overlap", "0s")
    assert (status, world.whose(old), world.whose(output.strip())) == (0, [None] * 3, ["edge"] * 3)
    assert world.flushed == list(REGIONS)
    assert "the old one is over" in errors


def test_a_region_where_the_old_token_goes_on_is_named_and_brought_up_later(
    world: World, capsys: Any
) -> None:
    """The new one is shown and valid everywhere; the old one gets the end that it has elsewhere."""
    old = added(capsys)
    world.down = {THERE: {"update_item"}}
    status, output, errors = run(capsys, "rotate", "edge", "--overlap", "1h")
    assert (status, world.whose(output.strip())) == (1, ["edge"] * 3)
    assert "the old token stays valid in eu-west-1" in errors
    assert world.whose(old, 3_700) == [None, "edge", None]
    world.down = {}
    assert run(capsys, "sync")[:2] == (0, "eu-west-1: 1 token of edge\n")
    assert world.whose(old, 3_700) == [None, None, None]


@pytest.mark.parametrize("command", ["rotate", "revoke"])
def test_a_client_that_there_is_not_is_said_so(command: str, world: World, capsys: Any) -> None:
    """With the name that may have been meant."""
    added(capsys, "edge-seven")
    status, output, errors = run(capsys, command, "edge-sevn")
    assert (status, output, world.items()) == (1, "", [1, 1, 1])
    assert "there is no client edge-sevn; did you mean edge-seven?" in errors


def test_a_revoked_client_is_refused_at_once_in_every_region(world: World, capsys: Any) -> None:
    """With all of its tokens; the APIs forget what they knew of them, and nothing of it is left. Others go on."""
    other = added(capsys, "other")
    held = [added(capsys), run(capsys, "rotate", "edge")[1].strip()]
    status, output, errors = run(capsys, "revoke", "edge")
    assert (status, output, world.flushed) == (0, "", list(REGIONS))
    assert "client edge is refused in us-east-1, eu-west-1, ap-southeast-2" in errors
    assert [world.whose(token) for token in held] == [[None] * 3] * 2
    assert (world.whose(other), world.items()) == (["other"] * 3, [1, 1, 1])
    added(capsys)


@pytest.mark.parametrize("down", ["scan", "update_item", "flush_stage_authorizers_cache"])
def test_revoking_goes_on_without_a_region_that_fails_and_can_be_repeated(
    down: str, world: World, capsys: Any
) -> None:
    """It is named, and no later command brings the token back from there."""
    token = added(capsys)
    world.down = {THERE: {down}}
    status, _, errors = run(capsys, "revoke", "edge")
    assert (status, "may still post in eu-west-1" in errors) == (1, True)
    assert [world.whose(token)[0], world.whose(token)[2]] == [None, None]
    world.down = {}
    assert run(capsys, "sync")[0] == 0
    assert world.whose(token) == [None] * 3
    run(capsys, "revoke", "edge")
    assert (world.items(), world.flushed[-3:]) == ([0, 0, 0], list(REGIONS))


def test_the_list_has_each_client_with_its_tokens_regions_and_points(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Also one that was revoked since it posted; no token and no hash."""
    added(capsys)
    run(capsys, "rotate", "edge", "--overlap", "1h")
    world.absent = {THERE, FAR}
    added(capsys, "here")
    world.absent = set()
    points = {"edge": [5, 3, 1, 1], "gone": [1, 1, 0, 0]}
    monkeypatch.setattr(
        "ops.clients.points_of_clients", lambda target, _: points if target.region != FAR else {}
    )
    status, output, _ = run(capsys, "list", "--format", "csv")
    rows = [line.split(",") for line in output.splitlines()]
    assert status == 0
    assert [(row[0], row[1], *row[4:]) for row in rows] == [
        ("client", "tokens", "regions", "received", "stored", "superseded", "quarantined"),
        ("edge", "2", "all", "10", "6", "2", "2"),
        ("gone", "0", "", "2", "2", "0", "0"),
        ("here", "1", "us-east-1", "0", "0", "0", "0"),
    ]
    assert [bool(row[3]) for row in rows[1:]] == [True, False, False]


def test_environments_without_tokens_have_no_clients(capsys: Any) -> None:
    """The setting is named."""
    status, _, errors = run(capsys, "list", "--environment", "prod")
    assert (status, 'clients have tokens with api.auth = "token"; that of prod is "iam"' in errors) == (
        1,
        True,
    )
