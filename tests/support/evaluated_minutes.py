"""An alert pipeline that is written to and evaluated by the minute, from midnight on."""

from collections.abc import Iterable

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.windows.cuts import BatchRange
from tests.support.alert_pipeline import START, Pipeline, a_point

TIMING = Timing()


class Weather:
    """A pipeline that is written to and evaluated by the minute."""

    def __init__(self, *rules: Rule, timing: Timing = TIMING, group_cap: int = 1_000) -> None:
        self.pipeline = Pipeline(rules, timing, group_cap)
        self.timing, self.sequence = timing, 0

    def post(
        self, at_s: float, value: float, *, written_s: float | None = None, hosts: Iterable[str] = "a"
    ) -> None:
        """A batch with a point of each host."""
        self.sequence += 1
        batch = BatchRange("s-0", self.sequence, self.sequence)
        points = [a_point(int(at_s), value, host=host) for host in hosts]
        self.pipeline.write(points, batch, at_s if written_s is None else written_s)

    def execute(self, interval_start_s: int) -> None:
        """An execution for this interval, with as many rounds as it needs."""
        evaluator, now_s = self.pipeline.evaluator, self.timing.ready_at(interval_start_s)
        while (plan := evaluator.plan(interval_start_s, now_s))["found"]:
            for chunk in plan["chunks"]:
                evaluator.evaluate(chunk, plan["first"], plan["last"], now_s)

    def minutes(self, first: int, last: int) -> None:
        """An execution for each minute, in time."""
        for minute in range(first, last + 1):
            self.execute(START + 60 * minute)

    @property
    def heard(self) -> list[str]:
        """The transitions that notify, with the minute of the interval's end."""
        return [
            f"{(item.at_s - START) // 60}:{item.kind}"
            for _, _, item in self.pipeline.transitions
            if item.notify
        ]


def minute(number: float) -> float:
    """The time so many minutes after the start."""
    return START + 60 * number
