"""The soak's report: with its command anybody makes the same soak again."""

import shlex
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from tests.support.soak.__main__ import parser, plan_of
from tests.support.soak.ledger import Ledger
from tests.support.soak.report import again, lines_of, row_of
from tests.support.soak.soak import Plan, Soaked
from tests.support.soak.troubles import Troubles
from tests.support.soak.verdict import Verdict

PLAN = Plan(kind="lake", seed=7, points=10, faults=3, kills=2, rooms=10, exports=True)
TROUBLES = cast("Troubles", SimpleNamespace(struck=4, resharded=5, killed=2, jumped=0))
SOAKED = Soaked(Ledger(), Verdict(differences=["a", "b"]), TROUBLES, took_s=1.0, exports_compared=False)


@given(st.sampled_from(["timestream", "lake"]), *[st.integers(1, 10**7)] * 7, st.integers(0, 9))
def test_the_command_makes_the_same_soak(
    kind: str,
    seed: int,
    points: int,
    faults: int,
    kills: int,
    size: int,
    series: int,
    rate: int,
    minutes: int,
) -> None:
    """All that a soak was asked for stands in the command that makes it again."""
    plan = Plan(
        kind=kind, seed=seed, points=points, faults=faults, kills=kills, points_per_request=size,
        series_per_client=series, rate=rate, minutes=minutes, rooms=10 if minutes else 0, exports=True, jumps=True,
    )  # fmt: skip
    words = shlex.split(again(plan))
    options = parser().parse_args(words[3:])
    assert (words[:3], options.store) == (["python", "-m", "tests.support.soak"], [kind])
    assert plan_of(options, kind) == plan


def test_the_row_is_of_the_documents_table() -> None:
    """The row has the document's columns, and does not claim exports that were not compared."""
    row = row_of(PLAN, SOAKED)
    assert row == f"| lake | `{again(PLAN)}` | 0 | 4 | 2 | 5 | 10 rooms | 2 |"


def test_each_difference_is_a_line() -> None:
    """The report says the number of the differences, and each of them."""
    lines = list(lines_of(PLAN, SOAKED))
    assert lines[-4:-1] == ["  differences  2", "    a", "    b"]
