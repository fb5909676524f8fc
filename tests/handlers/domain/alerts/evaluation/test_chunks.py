"""Chunks of rules: every key is in one, and none is heavier than a call can judge, but for a single rule."""

from handlers.domain.alerts.evaluation.chunks import RULES_PER_CHUNK, chunks_of
from tests.support.rules import a_rule


def test_every_rule_key_is_in_one_chunk_also_that_of_a_rule_that_is_gone() -> None:
    """Chunks are ranges of keys that leave nothing between them."""
    rules = [a_rule(rule_id=f"rule-{number:03d}") for number in range(2 * RULES_PER_CHUNK + 1)]
    chunks = chunks_of(reversed(rules), 60, 1_000)
    assert [sum(keys.holds(rule.key) for rule in rules) for keys in chunks] == [RULES_PER_CHUNK] * 2 + [1]
    for key in ("", "gone/metric", "rule-049/cpu.load/", "zzz/metric"):
        assert sum(keys.holds(key) for keys in chunks) == 1


def test_heavy_rules_have_chunks_of_their_own() -> None:
    """A rule weighs as many intervals of its groups as are merged when it is due, twice where silence counts."""
    hourly = [
        a_rule(rule_id=f"rule-{number}", period=3600, missing_data=policy)
        for number, policy in enumerate(["ignore", "missing", "missing"])
    ]
    assert len(chunks_of(hourly, 60, 1_000)) == 1
    assert len(chunks_of(hourly, 60, 3_000)) == 2
    assert len(chunks_of(hourly, 60, 10_000)) == 3
    assert len(chunks_of([], 60, 1_000)) == 1


def test_sketches_and_counters_weigh_more() -> None:
    """What a group's window keeps for them takes several times as long to merge as a sum, and counters need two."""
    chunks = {
        statistic: len(
            chunks_of(
                [a_rule(rule_id=f"r{number}", period=600, statistic=statistic) for number in range(48)],
                60,
                1_000,
            )
        )
        for statistic in ("avg", "stddev", "p99", "rate")
    }
    assert chunks == {"avg": 1, "stddev": 3, "p99": 7, "rate": 24}
