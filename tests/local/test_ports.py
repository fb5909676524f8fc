"""The ports of a run."""

import os
import socket

import pytest

from local.errors import LocalError
from local.ports import expect_free
from tests.support.local_run import free_ports


def test_a_port_in_use_is_named_with_who_has_it_and_how_to_take_another() -> None:
    """One line for a person whose 8080 is taken, as it often is."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError) as refused:
            expect_free([(free_ports(1)[0], "AWS_PORT"), (port, "PORT")])
    said = str(refused.value)
    assert f"port {port} on 127.0.0.1 is in use by process {os.getpid()} (" in said
    assert "make run PORT=… (PORT=auto takes a free one)" in said
    assert "\n" not in said


def test_free_ports_are_taken_and_port_0_always_is() -> None:
    """The system chooses what 0 becomes; a port that was used a moment ago is free."""
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
    expect_free([(0, "PORT"), (0, "PORT"), (port, "AWS_PORT")])


@pytest.mark.parametrize(("ports", "who"), [((1, 1), "by AWS_PORT and PORT"), ((2, 1, 1), "by two of PORT")])
def test_a_port_that_is_asked_for_twice_is_refused(ports: tuple[int, ...], who: str) -> None:
    """It is not in use by anybody: the person gave it to both."""
    first = free_ports(1)[0]
    wanted = [(first + one, "PORT" if number else "AWS_PORT") for number, one in enumerate(ports)]
    with pytest.raises(LocalError, match=f"asked for twice, {who}"):
        expect_free(wanted)
