"""A back-test: rules judged over the points of a span, beside others, by the code that judges them in AWS."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import HOUR_S, Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.memory import look_back_s
from handlers.domain.exports.hour import Hour
from ops.history.asked import AskedMetric, asked_of
from ops.history.hours import History
from ops.points.rules import limits_of
from ops.replay.history_replay import HistoryReplay
from ops.replay.replay import Deployment
from ops.replay.stored_windows import OpenItem
from ops.rule_backtest.alerts import AlertLog
from ops.rule_backtest.chosen import Chosen
from ops.rule_backtest.reading import HistoryRead, Progress, Say, replay_history
from templates.config import Config


@dataclass(frozen=True, slots=True)
class BackTest:
    """The outcome: the firings of both sides within the span, and the hours that were read, those before it too."""

    span: range
    tried: AlertLog
    against: AlertLog
    read: HistoryRead


def begin_of(span: range, rules: Iterable[Rule], warm_up_s: int) -> int:
    """The full hour from which on points are read, so that the rules' states are known when the span begins.

    As far before it as they look back, counters a period further, and at least `warm_up_s`.
    """
    back_s = max(map(_back_s, rules), default=0)
    return (span.start - max(back_s, warm_up_s)) // HOUR_S * HOUR_S


def _back_s(rule: Rule) -> int:
    has_counters = any(statistic.follows_series for statistic in rule.statistics)
    return look_back_s(rule) + (rule.period_s if has_counters else 0)


def metrics_of(chosen: Chosen, spelled: Collection[str]) -> list[AskedMetric]:
    """The metrics that both sides' rules ask for, with those of their dimensions that points have, `spelled` so."""
    return asked_of([*chosen.tried, *chosen.against], spelled)


def run(
    chosen: Chosen,
    metrics: Sequence[AskedMetric],
    config: Config,
    span: range,
    begin_s: int,
    history_of: Callable[[Hour], History],
    say: Say,
    *,
    keep: Callable[[OpenItem], object] = lambda _: None,
) -> BackTest:
    """Runs a back-test over history that begins with a full hour; `keep` is given the windows that are judged."""
    tried = AlertLog([trial.rule for trial in chosen.trials], span)
    against = AlertLog([trial.against for trial in chosen.trials if trial.against is not None], span)
    sides: Sequence[tuple[Sequence[Rule], AlertLog]] = [(chosen.tried, tried), (chosen.against, against)]
    replay = HistoryReplay([side for side in sides if side[0]], deployment_of(config), begin_s, keep=keep)
    whole = range(begin_s, span.stop)
    progress = Progress(-(-(whole.stop - whole.start) // HOUR_S), say)
    return BackTest(span, tried, against, replay_history(replay, metrics, history_of, whole, progress))


def deployment_of(config: Config) -> Deployment:
    """The settings of an environment that alerts depend on."""
    alerts = config.alerts
    return Deployment(
        timing=Timing(alerts.tick_seconds, alerts.grace_seconds),
        origin=Origin(config.home, config.environment),
        group_cap=alerts.maximum_groups,
        limits=limits_of(config.store),
    )
