"""The report of a soak, with the command that makes it again."""

from collections.abc import Iterator

from tests.support.soak.soak import Plan, Soaked

_SHOWN = 40


def lines_of(plan: Plan, soaked: Soaked) -> Iterator[str]:
    """The lines for what was taken, what struck, what is there, and each difference."""
    ledger, verdict, troubles = soaked.ledger, soaked.verdict, soaked.troubles
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in ledger.points.items())
    answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(ledger.told.items()))
    yield f"{plan.kind}, seed {plan.seed}: {soaked.took_s:,.0f} s"
    yield f"  taken        {ledger.taken:,} points: {kinds}"
    yield f"  answers      {answers}"
    yield (
        f"  abandoned    {ledger.given_up:,} requests; {len(ledger.abandoned):,} of them left it open if their points "
        f"were taken, {verdict.abandoned_taken:,} were"
    )
    yield (
        f"  struck       {troubles.struck:,} faults; {troubles.killed} processes killed; "
        f"shards split or merged {troubles.resharded} times, the clock moved {troubles.jumped} times"
    )
    yield f"  there        {verdict.stored:,} stored, {verdict.quarantined:,} quarantined"
    if plan.rooms:
        yield f"  alerts       {plan.rooms} rooms, {plan.minutes} minutes"
    if plan.exports:
        yield f"  exports      {'every hour' if soaked.exports_compared else 'not compared, as the rest differs'}"
    yield f"  differences  {len(verdict.differences)}"
    yield from (f"    {line}" for line in verdict.differences[:_SHOWN])
    yield f"  again        {again(plan)}"


def row_of(plan: Plan, soaked: Soaked) -> str:
    """The row of the table in docs/reliability.md."""
    troubles = soaked.troubles
    store = {"timestream": "Timestream"}.get(plan.kind, plan.kind)
    compared = [f"{plan.rooms} rooms"] if plan.rooms else []
    compared += ["every hour"] if soaked.exports_compared else []
    cells = (
        store, f"`{again(plan)}`", f"{soaked.ledger.taken:,}", f"{troubles.struck:,}", troubles.killed,
        troubles.resharded, ", ".join(compared) or "–", len(soaked.verdict.differences),
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def again(plan: Plan) -> str:
    """The command that makes the same soak again."""
    return (
        f"python -m tests.support.soak --store {plan.kind} --seed {plan.seed} --points {plan.points} "
        f"--faults {plan.faults} --kills {plan.kills} --points-per-request {plan.points_per_request} "
        f"--series {plan.series_per_client} --minutes {plan.minutes} "
        f"--rate {plan.rate}"
    )
