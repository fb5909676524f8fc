"""The regional stack: the whole pipeline of one region, in the order the data takes."""

from troposphere import Join, Output, Ref, Template
from troposphere.awslambda import Function

from templates.components.alerting import add_alerting
from templates.components.export_store import add_export_store
from templates.components.ingest_api import add_ingest_api
from templates.components.key import Key, add_key
from templates.components.metric_export import add_metric_export
from templates.components.metric_store import add_metric_store
from templates.components.metric_writer import add_metric_writer
from templates.components.network import add_network
from templates.components.operators import add_operators
from templates.components.quarantine import add_quarantine
from templates.components.stream import add_stream
from templates.config import Config
from templates.constructs.function import add_bundle_parameters
from templates.constructs.role_path import put_roles_together
from templates.constructs.tags import tag_everything
from templates.version import version


def regional(config: Config) -> Template:
    """Requests become records, records become points; what cannot be stored is set aside, and alarms tell."""
    template = Template(Description=f"Metrics pipeline {config.stack_name}, version {version()}")
    template.set_version("2010-09-09")
    bundle = add_bundle_parameters(template, config)

    key = add_key(template, config)
    operators = add_operators(template, config, key=key)
    stream = add_stream(template, config.stream, key=key, alarms_to=operators)
    api = add_ingest_api(template, config, sink=stream, key=key, alarms_to=operators)
    quarantine = add_quarantine(template, config, key=key)
    store = add_metric_store(template, config, rejects_to=quarantine, key=key, alarms_to=operators)
    exports = add_export_store(template, config, key=key)
    writer = add_metric_writer(
        template,
        config,
        source=stream,
        sink=store,
        rejects_to=quarantine,
        marks_in=exports,
        bundle=bundle,
        key=key,
        alarms_to=operators,
    )
    alerting = add_alerting(
        template,
        config,
        source=stream,
        rejects_to=quarantine,
        bundle=bundle,
        key=key,
        alarms_to=operators,
    )
    export = add_metric_export(
        template, config, source=store, sink=exports, bundle=bundle, key=key, alarms_to=operators
    )

    for name, value, description in (
        ("IngestUrl", api.url("/metrics"), "Where to POST metrics"),
        ("HealthUrl", api.url("/health"), "Says what is deployed here"),
        ("StreamName", stream.name, "The Kinesis data stream of accepted requests"),
        ("DatabaseName", store.database_name, "The Timestream database"),
        ("TableName", store.table_name, "The Timestream table of all points"),
        ("DimensionsTableName", store.dimensions_name, "The registry of admitted dimension names"),
        (
            "QuarantineBucketName",
            quarantine.name,
            "Accepted points that could not be stored, with reasons",
        ),
        ("MetricWriterName", writer.function.name, "The function that stores points"),
        ("RulesTableName", alerting.tables.rules_name, "The alert rules, which `ops rules` applies"),
        ("AlertsTableName", alerting.tables.alerts_name, "The alerts with their evidence and history"),
        ("AlertTopicArn", alerting.topic.arn, "The topic of every alert: subscribe with a filter policy"),
        ("AlertEvaluationArn", alerting.evaluation.arn, "The state machine that evaluates alerts"),
        ("MetricExportArn", export.machine.arn, "The state machine that exports hours"),
        ("ExportBucketName", exports.bucket_name, "The exported hours, and Athena's results"),
        ("ExportDatabaseName", exports.database_name, "The Glue database of the exports"),
        ("ExportWorkGroupName", Ref(exports.work_group), "The Athena workgroup to query them in"),
        ("ExportHoursTableName", exports.hours_name, "The ledger of exported, due and late hours"),
        ("FunctionArns", _function_arns(template), "The ARNs of all functions, with commas between them"),
        ("OperatorTopicArn", operators.arn, "The topic of every alarm"),
        ("KeyArn", key.arn, "The key that encrypts this region's data"),
    ):
        template.add_output(Output(name, Value=value, Description=description))
    if config.network.private:
        _add_private_network(template, config, key)
    put_roles_together(template, config)
    tag_everything(template, config)
    return template


def _function_arns(template: Template) -> Join:
    functions = [part for part in template.resources.values() if isinstance(part, Function)]
    return Join(",", [function.get_att("Arn") for function in functions])


def _add_private_network(template: Template, config: Config, key: Key) -> None:
    """The network of every function that is in the template by now; public mode has none."""
    network = add_network(template, config, key=key)
    subnets = Join(",", [Ref(subnet) for subnet in network.subnets])
    for name, value, description in (
        ("VpcId", Ref(network.vpc), "The VPC that the functions run in"),
        ("PrivateSubnetIds", subnets, "Its two private subnets, each in a zone of its own"),
    ):
        template.add_output(Output(name, Value=value, Description=description))
