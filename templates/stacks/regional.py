"""The regional stack: the whole pipeline of one region, in the order the data takes."""

from troposphere import Join, Template
from troposphere.awslambda import Function

from templates.components.alerting import add_alerting
from templates.components.clients import add_clients
from templates.components.exporting.hours import add_export_hours
from templates.components.exporting.machine import add_metric_export
from templates.components.exporting.store import add_export_store
from templates.components.heartbeat import add_heartbeat
from templates.components.ingest_api import add_ingest_api
from templates.components.metric_writer import add_metric_writer
from templates.components.platform import add_platform
from templates.components.quarantine import add_quarantine
from templates.components.remote_write import add_remote_write
from templates.components.store import add_store
from templates.components.stream import add_stream
from templates.config import Config
from templates.constructs.outputs import add_outputs
from templates.constructs.ownership import set_role_path, tag_resources
from templates.version import version


def regional(config: Config) -> Template:
    """Requests become records, records become points; what cannot be stored is set aside, and alarms tell."""
    template = Template(Description=f"Metrics pipeline {config.stack_name}, version {version()}")
    template.set_version("2010-09-09")

    platform = add_platform(template, config)
    stream = add_stream(template, config, platform)
    clients = add_clients(template, platform) if config.api.auth == "token" else None
    api = add_ingest_api(template, config, platform, sink=stream, clients=clients)
    if config.api.remote_write:
        add_remote_write(template, config, platform, sink=stream, clients=clients)
    quarantine = add_quarantine(template, config, platform)
    exports = add_export_store(template, config, platform)
    store = add_store(template, config, platform, quarantine=quarantine, exports=exports)
    hours = add_export_hours(template, platform)
    add_metric_writer(
        template, config, platform, source=stream, sink=store, quarantine=quarantine, late_marks=hours
    )
    add_alerting(template, config, platform, source=stream, quarantine=quarantine)
    if config.operators.heartbeat:
        add_heartbeat(template, platform, target=api)
    add_metric_export(template, config, platform, source=store, sink=exports, hours=hours)

    functions = [part for part in template.resources.values() if isinstance(part, Function)]
    arns = Join(",", [function.get_att("Arn") for function in functions])
    add_outputs(template, ("FunctionArns", arns, "The ARNs of all functions, with commas between them"))
    set_role_path(template, config)
    tag_resources(template, config)
    return template
