"""The settings of the alerts: rhythm, bounds and receivers."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.vocabulary import (
    ALLOWED_LATENESS_S,
    EVALUATION_INTERVALS_S,
    NOTIFIED_STATES,
    RULE_METRIC_TYPES,
    Severity,
)
from templates.config.checks import BadValue, Check, Section, list_of, one_of, setting, text, whole
from templates.config.pipeline import EMAIL, RETRIES, too_young

SEVERITIES = tuple(map(str, Severity))
ALERT_STATES = tuple(map(str, NOTIFIED_STATES))
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
_PARAMETER = r"(/[A-Za-z0-9_.-]{1,200}){1,5}"


def _parameter(secret: str) -> Check:
    return text(
        _PARAMETER,
        f"the name of a parameter of Systems Manager that holds {secret}, such as /metrics/on-call",
    )


ENDPOINTS = {
    "email": EMAIL,
    "http": text(
        r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(/[^\s]{0,2000})?",
        "an address http://127.0.0.1… or http://localhost…, which only the local run reaches",
    ),
    "https": text(r"https://[^\s]{1,2000}", "an https:// address"),
    "pagerduty": _parameter("an integration key"),
    "slack": _parameter("an incoming webhook's address"),
    "sqs": text(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}", "the ARN of an SQS queue"),
}
# Receivers that take no message as SNS delivers it.
FORWARDED = frozenset({"pagerduty", "slack"})

# What the evaluator judges in half of its minute: with 1,024 MB, which are 0.58 of a processor, 5,000 groups of an
# hourly rule in every batch, or of a rule all of whose groups are an hour late. It uses no second processor.
_MOST_GROUPS = 10_000
_GROUPS_PER_GB = 5_000
_GROUPS_PER_WINDOW_SECOND = 2_000


@dataclass(frozen=True)
class Subscription(Section):
    """One receiver of alerts; an empty filter lets everything pass."""

    protocol: str = setting(one_of(tuple(ENDPOINTS)), about="how it is told")
    endpoint: str = setting(
        text(r"[^\s]{1,2048}", "an address without spaces"),
        about="an e-mail address, an https:// URL, a queue's ARN, or the parameter that has the secret",
    )
    severity: tuple[str, ...] = setting(list_of(one_of(SEVERITIES)), (), about="only rules of these")
    metric_type: tuple[str, ...] = setting(
        list_of(one_of(RULE_METRIC_TYPES)), (), about="only rules on these"
    )
    state: tuple[str, ...] = setting(list_of(one_of(ALERT_STATES)), (), about="only messages of these")

    def _faults(self) -> Iterator[BadValue]:
        check = ENDPOINTS[self.protocol]
        if not check.accepts(self.endpoint):
            yield BadValue("endpoint", self.endpoint, f"{check.allowed}, for protocol {self.protocol}")


@dataclass(frozen=True)
class Alerts(Section):
    """The rhythm and bounds of the alerts' evaluation, and their receivers."""

    window_seconds: int = setting(
        whole(1, max(EVALUATION_INTERVALS_S), "seconds the aggregator's batch may wait to fill"), 10
    )
    tick_seconds: int = setting(one_of(EVALUATION_INTERVALS_S, "seconds between evaluations"), 60)
    grace_seconds: int = setting(whole(0, 120, "seconds after a period's end before it is judged"), 10)
    maximum_retries: int = setting(whole(-1, 10_000, RETRIES), -1)
    maximum_age_seconds: int = setting(
        # What comes later than the late limit judges nothing any more, and holds up what does.
        whole(60, ALLOWED_LATENESS_S, "seconds after which a batch is given up"),
        ALLOWED_LATENESS_S,
    )
    maximum_groups: int = setting(whole(1, _MOST_GROUPS, "alert groups of one rule"), 1000)
    evaluator_memory_mb: int = setting(
        whole(1024, 10_240, "memory of the evaluator, which has a processor from 1769 MB on"), 1024
    )
    subscriptions: tuple[Subscription, ...] = ()

    def _faults(self) -> Iterator[BadValue]:
        if self.maximum_groups > _GROUPS_PER_WINDOW_SECOND * self.window_seconds:
            most = _GROUPS_PER_WINDOW_SECOND * self.window_seconds
            allowed = f"at most {most} with window_seconds = {self.window_seconds}: an hour has so many more batches"
            yield BadValue("maximum_groups", self.maximum_groups, allowed)
        most = _GROUPS_PER_GB * self.evaluator_memory_mb // 1024
        if self.maximum_groups > most:
            memory = f"evaluator_memory_mb = {self.evaluator_memory_mb}"
            allowed = f"at most {most} with {memory}: an hourly rule of more takes longer than its minute"
            yield BadValue("maximum_groups", self.maximum_groups, allowed)
        if self.window_seconds > self.tick_seconds:
            allowed = f"at most tick_seconds = {self.tick_seconds}: batches start the evaluations, so each needs one"
            yield BadValue("window_seconds", self.window_seconds, allowed)
        yield from too_young(self.maximum_age_seconds, self.window_seconds)
        if self.grace_seconds < self.window_seconds:
            allowed = f"at least window_seconds = {self.window_seconds}: a batch closes so long after its first point"
            yield BadValue("grace_seconds", self.grace_seconds, allowed)
        receivers = [f"{one.protocol} {one.endpoint}" for one in self.subscriptions]
        for receiver in dict.fromkeys(receivers):
            if receivers.count(receiver) > 1:
                yield BadValue("subscriptions", receiver, "each receiver once: SNS keeps one filter for it")
