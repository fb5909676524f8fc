"""Muting: silences, and rules that others name, which may hold alerts of a chunk of the rules back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from handlers.domain.alerts.evaluation.inhibition import inhibiting
from handlers.domain.alerts.evaluation.rule_alerts import RuleAlerts
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts, StoredAlert
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.silences.silence import SilenceSet
from handlers.domain.alerts.state.alert import Alert


@dataclass(frozen=True)
class Muting:
    """Silences, and rules that others name, with those of them that another chunk has.

    Those `beside` are evaluated once more, from the alerts that are `loaded`; `past` are alerts by their rules' keys.
    """

    silences: SilenceSet
    inhibitors: Sequence[Rule]
    # Rules with a cap on their messages: what one alert may tell depends on what the others told in the hour.
    capped: Sequence[Rule]
    beside: Sequence[Rule] = ()
    loaded: Sequence[StoredAlert] = ()
    past: Mapping[str, Sequence[Alert]] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Iterable[Rule], every: Iterable[Rule], silences: SilenceSet) -> "Muting":
        """The silences, and those of every rule that these rules name; no alert of theirs is known yet."""
        rules = list(rules)
        return cls(silences, inhibiting(rules, every), [rule for rule in rules if rule.messages_per_hour])

    def with_alerts(
        self, beside: Sequence[Rule], alerts: Alerts, open_keys: Iterable[AlertKey], *, is_behind: bool
    ) -> "Muting":
        """The same with the alerts of rules of other chunks, `beside`, that are open.

        Where intervals are made up for, others may be further: then also the alerts that are over, with when they were
        not.
        """
        keys = {rule.key for rule in beside}
        past = {}
        if is_behind:
            past = {
                rule.key: [stored.alert for stored in alerts.load(alerts.of_rule(rule.key))]
                for rule in self.inhibitors
            }
        loaded = alerts.load([key for key in open_keys if key.rule_key in keys])
        return replace(self, beside=beside, loaded=loaded, past=past)

    def after(self, known: Mapping[str, RuleAlerts]) -> "Muting":
        """The same for another turn: the alerts of those rules are known then."""
        past = {
            rule.key: [update.alert for update in known[rule.key].updates.values()]
            for rule in (*self.inhibitors, *self.capped)
            if rule.key in known
        }
        return replace(self, beside=(), loaded=(), past=past)
