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


@given(STEPS, BORDERS, BORDERS)
def test_the_least_far_part_has_the_first_rules_that_are_no_further_than_any(
    steps: list[tuple[str, str, int]], begin: str, end: str
) -> None:
    """It lies within the keys that are asked for, and ends where the first rule is further."""
    progress = Progress()
    for first, behind, reached_s in steps:
        progress = progress.advanced(first, behind, Reached(reached_s, reached_s))
    keys = KeyRange(begin, end)
    inside = {key: progress.of(key, key + "\0").end_s for key in ("", *KEYS) if keys.holds(key)}
    if inside:
        least = [key for key, reached_s in inside.items() if reached_s == min(inside.values())]
        further = [
            key for key, reached_s in inside.items() if key > least[0] and reached_s != inside[least[0]]
        ]
        part = progress.least(keys)
        expected = [key for key in inside if key >= least[0] and not (further and key >= further[0])]
        assert [key for key in ("", *KEYS) if part.holds(key)] == expected


def test_rules_that_are_equally_far_are_one_range() -> None:
    """The usual case is a short text."""
    progress = Progress().advanced("", "m", Reached(60, 0)).advanced("m", "", Reached(60, 0))
    assert str(progress) == '[["",60,0,0]]'
    assert Progress.read("") == Progress()
