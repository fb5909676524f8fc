"""docs/quarantine.md says the cause and the cure of each reason as the commands do."""

from handlers.domain.violation import Reason
from ops.quarantined.cures import CURES
from tests.support.documents import ROOT

PAGE = (ROOT / "docs/quarantine.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_commands_say() -> None:
    """Each reason with its cause and cure, in the order of the code, and if the API refuses it or it may pass."""
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in PAGE.splitlines()
        if line.startswith("| `") and line.split("`")[1] in set(Reason)
    ]
    assert [row[:3] for row in rows] == [
        [f"`{reason}`", cure.cause, cure.cure] for reason, cure in CURES.items()
    ]
    marks = [row[3].strip(" |") if len(row) > 3 else "" for row in rows]
    assert marks == [
        "400" if cure.refused_at_door else "redrive" if cure.may_pass else "" for cure in CURES.values()
    ]
