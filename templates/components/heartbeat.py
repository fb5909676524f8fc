"""The heartbeat: each minute a request to the stack's own API, whose age both consumers report."""

from troposphere import Ref, Template
from troposphere.awslambda import EventSourceMapping

from templates.components.ingest_api import IngestApi
from templates.components.platform import Platform
from templates.constructs.state_machine import add_schedule, add_state_machine


def add_heartbeat(template: Template, platform: Platform, *, target: IngestApi) -> None:
    """A state machine that posts to `target`, and its start at each full minute.

    It has no alarms of its own: if it does not run, both consumers miss its heartbeats. It is a machine apart from the
    alerts' sweep, so that trouble with the API delays no alert. The first one is sent when the consumers are there, as
    those of a version that does not know heartbeats would take them for bad records.
    """
    consumers = [title for title, part in template.resources.items() if isinstance(part, EventSourceMapping)]
    machine = add_state_machine(
        template,
        "Heartbeat",
        definition="heartbeat.asl.json",
        kind="EXPRESS",
        tokens={"ApiHost": target.host, "ApiStage": Ref(target.stage)},
        statements=target.send_heartbeats(),
        alarms=(),
        runtime=platform.runtime,
    )
    add_schedule(
        template,
        "Heartbeat",
        expression="cron(* * * * ? *)",
        target=machine,
        payload={},
        # Later than this the next one says the same.
        maximum_age_seconds=60,
        after=consumers,
        runtime=platform.runtime,
    )
