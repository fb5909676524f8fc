"""Progress of evaluations: what is noted of some rules holds for them alone, and never goes back."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.windows.progress import KeyRange, Progress, Reached

KEYS = "abcdefgh"
BORDERS = st.sampled_from(["", *KEYS])
STEPS = st.lists(st.tuples(BORDERS, BORDERS, st.integers(1, 9)), max_size=12)


@given(STEPS, BORDERS, BORDERS)
def test_each_rule_is_as_far_as_the_furthest_that_was_noted_of_it(
    steps: list[tuple[str, str, int]], begin: str, end: str
) -> None:
    """Ranges of rules that are cut anew each time, by executions that overlap, keep what each rule has reached."""
    progress, reached = Progress(), dict.fromkeys(("", *KEYS), 0)
    for first, behind, to_s in steps:
        keys = KeyRange(first, behind)
        progress = Progress.read(str(progress.advanced(first, behind, Reached(to_s, to_s))))
        reached |= {key: max(to_s, reached[key]) for key in reached if keys.holds(key)}
    for key in KEYS:
        assert progress.of(key, key + "\0").end_s == reached[key]
    inside = [reached[key] for key in reached if KeyRange(begin, end).holds(key)]
    if inside:
        assert progress.of(begin, end).end_s == min(inside)


def test_rules_that_are_equally_far_are_one_range() -> None:
    """The usual case is a short text."""
    progress = Progress().advanced("", "m", Reached(60, 0)).advanced("m", "", Reached(60, 0))
    assert str(progress) == '[["",60,0,0]]'
    assert Progress.read("") == Progress()
