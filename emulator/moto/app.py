"""moto's services, called in process."""

import functools
import io
import logging
import threading
from collections.abc import Iterable
from http.client import HTTPMessage
from types import SimpleNamespace
from typing import Any

import moto.core.responses
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import FakeBucket

from emulator.aws_request import AwsRequest
from emulator.http_server import Response
from emulator.moto import sdk_memory, serialization, service_models, state_machines
from emulator.responses import error

# Calls of these may take long or call back into the endpoint; those of the others take turns, because moto's state is
# not made for two threads, and a conditional write must see what the one before it wrote.
_CONCURRENT = frozenset({"lambda", "sqs", "stepfunctions"})

SERVICES = frozenset(
    {
        "athena", "cloudwatch", "dynamodb", "ec2", "glue", "iam", "kinesis", "kms", "logs", "s3",
        "scheduler", "sns", "sqs", "ssm", "stepfunctions", "sts", "tagging",
    }
)  # fmt: skip
"""What the endpoint leaves to moto; the others are answered elsewhere or not at all."""


class MotoApp:
    """Runs requests through moto's WSGI applications."""

    def __init__(self) -> None:
        service_models.share()
        sdk_memory.remember()
        serialization.remember()
        moto.core.responses.method_names_from_class = _method_names
        BackendDict.reset()
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        # The local run checks no permission. moto would for buckets, and without looking at conditions: a policy
        # that denies what does not come over TLS would deny everything.
        FakeBucket.get_permission = _neutral
        self._application = DomainDispatcherApplication(create_backend_app)
        # It would look through the folders of all of moto's services at each call.
        self._application.get_backend_for_host = functools.cache(self._application.get_backend_for_host)
        self._turns = {service: threading.Lock() for service in SERVICES - _CONCURRENT}
        logging.getLogger("moto").setLevel(logging.WARNING)

    def answer(self, request: AwsRequest) -> Response:
        """moto's reply."""
        service = request.service
        if service not in SERVICES:
            return error(request, "UnknownOperationException", f"The local run has no service {service}", 400)
        turn = self._turns.get(service)
        if turn is not None:
            with turn:
                return self._call(request)
        if service == "stepfunctions":
            state_machines.load()
            return self._call(state_machines.named(request))
        return self._call(request)

    def close(self) -> None:
        """End what runs, and forget everything."""
        state_machines.end_executions()
        BackendDict.reset()

    def _call(self, request: AwsRequest) -> Response:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            started.append((status, headers))

        chunks: Iterable[bytes] = self._application(_Environ(request).make_environ(), start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = started[-1]
        return Response(int(status.split(" ", 1)[0]), headers, body)


class _Environ(MotoRequestHandler):
    """moto's own handler without a connection, for the WSGI environ that it makes of a request."""

    def __init__(self, request: AwsRequest) -> None:
        self.command, self.path, self.request_version = request.method, request.target, "HTTP/1.1"
        self.headers = HTTPMessage()
        for name, value in request.headers:
            if name.lower() not in {"content-length", "transfer-encoding"}:
                self.headers[name] = value
        self.headers["Content-Length"] = str(len(request.body))
        self.rfile = io.BytesIO(request.body)
        self.client_address = (request.source_ip, 0)
        self.connection = None
        self.server = _SERVER


_SERVER: Any = SimpleNamespace(
    ssl_context=None, multithread=True, multiprocess=False, server_address=("127.0.0.1", 80)
)
# moto looks through the members of a service's class at each call.
_method_names = functools.cache(moto.core.responses.method_names_from_class)


def _neutral(*_: Any) -> PermissionResult:
    return PermissionResult.NEUTRAL
