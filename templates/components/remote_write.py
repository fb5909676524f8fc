"""Prometheus's remote write: a function behind a URL of its own puts each request on the stream as it came."""

import json
from typing import Any

from troposphere import GetAtt, Ref, Sub, Template
from troposphere.awslambda import Permission, Url

from templates.components.clients import Clients
from templates.components.platform import Platform
from templates.components.stream import Stream
from templates.config import Config
from templates.constructs.alarms import Alarm, throttles_alarm
from templates.constructs.function import add_function
from templates.constructs.outputs import add_outputs

_LOST = (
    "Prometheus drops what is answered 429, unless queue_config.retry_on_http_429 is true: raise "
    "api.remote_write_concurrency, or look for one client's flood."
)
ALARMS = (
    throttles_alarm("the receiver of remote write", _LOST),
    Alarm(
        "Unavailable",
        "Url5xxCount",
        "Sum",
        1,
        "Requests of remote write are answered 5xx for longer than clients' retries heal: the stream throttles or "
        "fails, or the function does. Prometheus keeps two hours of samples and sends them later.",
        periods=5,
        datapoints=3,
    ),
)


def add_remote_write(
    template: Template, config: Config, platform: Platform, *, sink: Stream, clients: Clients | None
) -> None:
    """The function with its URL, which the Internet may call: it looks at tokens and addresses itself."""
    tokens = clients.tokens if clients else None
    environment: dict[str, Any] = {
        "STREAM_NAME": Ref(sink.resource),
        "MAX_RECORD_KIB": str(config.stream.max_record_kib),
        "REALM": config.stack_name,
        "ALLOW_FROM": json.dumps(config.api.allow_from),
        **(tokens.environment if tokens else {"CLIENT_TOKENS_TABLE": "-"}),
    }
    function = add_function(
        template,
        "RemoteWriteReceiver",
        handler="handlers.remote_write_receiver.handler",
        description="Puts Prometheus's remote write on the stream",
        # Nothing is unpacked here; more memory is more processor for TLS and for the start.
        memory_mb=512,
        timeout_seconds=15,
        environment=environment,
        statements=[*sink.put(), *(tokens.find() if tokens else ())],
        runtime=platform.runtime,
        reserved_concurrency=config.api.remote_write_concurrency,
    )
    arn = function.get_att("Arn")
    template.add_resource(Url("RemoteWriteReceiverUrl", TargetFunctionArn=arn, AuthType="NONE"))
    # Since October 2025 AWS wants both. https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    for title, action, condition in (
        ("Url", "lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
        ("Invoke", "lambda:InvokeFunction", {"InvokedViaFunctionUrl": True}),
    ):
        template.add_resource(
            Permission(
                f"RemoteWriteReceiver{title}Permission",
                FunctionName=arn,
                Action=action,
                Principal="*",
                **condition,
            )
        )
    platform.runtime.watch(template, "RemoteWriteReceiver", ALARMS, "AWS/Lambda", FunctionName=Ref(function))
    url = Sub("${Url}api/v1/write", Url=GetAtt("RemoteWriteReceiverUrl", "FunctionUrl"))
    add_outputs(template, ("RemoteWriteUrl", url, "Where Prometheus writes to (remote write 1.0)"))
