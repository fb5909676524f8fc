"""Alerting: rules, the evidence for them, alerts, and who is told."""

from dataclasses import dataclass

from troposphere import Template

from templates.components.alerting.aggregator import add_window_aggregator
from templates.components.alerting.evaluation import add_alert_evaluation
from templates.components.alerting.rule_changes import add_rule_changes
from templates.components.alerting.tables import AlertTables, add_alert_tables
from templates.components.alerting.topic import AlertTopic, add_alert_topic
from templates.components.key import Key
from templates.components.operators import Operators
from templates.components.quarantine import Quarantine
from templates.components.stream import Stream
from templates.config import Config
from templates.constructs.function import Bundle
from templates.constructs.state_machine import StateMachine


@dataclass(frozen=True)
class Alerting:
    """The tables, the topic and the state machine of the alerts."""

    tables: AlertTables
    topic: AlertTopic
    evaluation: StateMachine


def add_alerting(
    template: Template,
    config: Config,
    *,
    source: Stream,
    rejects_to: Quarantine,
    bundle: Bundle,
    key: Key,
    alarms_to: Operators,
) -> Alerting:
    """Everything from the stream to a notification; it shares nothing with the writer but the stream."""
    tables = add_alert_tables(template, key=key)
    topic = add_alert_topic(template, config, key=key, alarms_to=alarms_to)
    evaluation = add_alert_evaluation(
        template, config, tables=tables, topic=topic, bundle=bundle, key=key, alarms_to=alarms_to
    )
    add_window_aggregator(
        template,
        config,
        source=source,
        tables=tables,
        evaluation=evaluation,
        rejects_to=rejects_to,
        bundle=bundle,
        key=key,
        alarms_to=alarms_to,
    )
    add_rule_changes(
        template,
        config,
        tables=tables,
        rejects_to=rejects_to,
        bundle=bundle,
        key=key,
        alarms_to=alarms_to,
    )
    return Alerting(tables, topic, evaluation)
