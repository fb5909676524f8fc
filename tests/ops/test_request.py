"""`ops request show`."""

import json
from typing import Any

import pytest

from ops import request
from ops.__main__ import main
from ops.console.place import Place
from ops.errors import OperatorError
from ops.request_account.account import Entry, RequestAccount, Settlement
from ops.stack import Target

SETTLED = Settlement(9.0, 3, 3, 0, 0)
KNOWN = {("us-west-2", "JfNb/W+pIAMFYqA="): SETTLED, ("us-east-1", "\x1b[2Jid"): SETTLED}


@pytest.fixture(autouse=True)
def _accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region each that knows one request."""

    def read(place: Place, name: str, *, since_s: float) -> RequestAccount:
        assert since_s == 604_800
        if place.region == "eu-west-1":
            raise OperatorError("no permission")
        settled = KNOWN.get((place.region, name))
        account = RequestAccount(name, 10.0, 60.0, Entry(1.0, "POST /metrics", 202) if settled else None)
        return RequestAccount(name, 10.0, 60.0, account.entry, (settled,)) if settled else account

    monkeypatch.setattr(request, "read_account", read)
    monkeypatch.setattr(Target, "stack", lambda _: {})


def test_a_request_is_shown_to_people_and_programs(capsys: Any) -> None:
    """Whatever form its id was given in, and once if it was given twice."""
    command = [
        "request",
        "show",
        "x-amz-apigw-id: JfNb/W+pIAMFYqA=",
        "JfNb/W+pIAMFYqA=",
        "--region",
        "us-west-2",
    ]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("request JfNb/W+pIAMFYqA=: settled\n")
    assert shown.count("request ") == 1
    assert "3 received, 3 stored" in shown
    for form in ("json", "jsonl"):
        assert main([*command, "--format", form]) == 0
        found = json.loads(capsys.readouterr().out)
        [account] = found if form == "json" else [found]
        assert (account["request_id"], account["stored"]) == ("JfNb/W+pIAMFYqA=", 3)


def test_what_is_unknown_ends_with_one_and_hides_nothing(capsys: Any) -> None:
    """Nothing of a hostile id moves a cursor."""
    assert main(["request", "show", "\x1b[2Jid", "nope", "--region", "us-east-1"]) == 1
    shown = capsys.readouterr().out
    assert "[2Jid: settled" in shown
    assert "request nope: unknown" in shown
    assert "\x1b" not in shown


def test_every_region_is_asked_for_it_and_the_one_that_knows_it_answers(capsys: Any) -> None:
    """One that cannot be asked harms no other, but is said; what none knows is said once."""
    command = [
        "request",
        "show",
        "JfNb/W+pIAMFYqA=",
        "--environment",
        "prod",
        "--all-regions",
        "--format",
        "jsonl",
    ]
    assert main(command) == 1
    captured = capsys.readouterr()
    assert [json.loads(line)["region"] for line in captured.out.splitlines()] == ["us-west-2"]
    assert "eu-west-1: no permission" in captured.err
    assert main([*command[:3], "nope", *command[3:]]) == 1
    states = [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()]
    assert states == ["settled", "unknown"]


def test_what_is_no_id_is_refused_before_anything_is_asked(capsys: Any) -> None:
    """With what was expected."""
    assert main(["request", "show", " "]) == 1
    assert "expected a request's id" in capsys.readouterr().err
