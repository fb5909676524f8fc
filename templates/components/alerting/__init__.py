"""Alerting: the rules, the windows of their points, the alerts, and the topic of their notifications."""

from troposphere import Template

from templates.components.alerting.consumers import add_rule_changes, add_window_aggregator
from templates.components.alerting.evaluation import add_alert_evaluation
from templates.components.alerting.tables import add_alert_tables
from templates.components.alerting.topic import add_alert_topic
from templates.components.platform import Platform
from templates.components.quarantine import Quarantine
from templates.components.stream import Stream
from templates.config import Config


def add_alerting(
    template: Template, config: Config, platform: Platform, *, source: Stream, quarantine: Quarantine
) -> None:
    """Everything from the stream to a notification; it shares nothing with the writer but the stream."""
    tables = add_alert_tables(template, platform)
    topic = add_alert_topic(template, config, platform, tables=tables)
    evaluation = add_alert_evaluation(template, config, platform, tables=tables, topic=topic)
    add_window_aggregator(
        template,
        config,
        platform,
        source=source,
        tables=tables,
        evaluation=evaluation,
        quarantine=quarantine,
    )
    add_rule_changes(template, config, platform, tables=tables, quarantine=quarantine)
