"""The page on alerts says what the protocol decides."""

from pathlib import Path

from handlers.domain.alerts.state.finding import Finding
from handlers.domain.alerts.state.protocol import TABLE, Cell
from handlers.domain.alerts.state.verdicts import VERDICT_WITHOUT_DATA
from handlers.vocabulary import AlertState

PAGE = Path("docs/alerts.md")


def table(first_header: str) -> list[list[str]]:
    """The rows of the page's table that begins with this header, its header row first."""
    lines = PAGE.read_text().splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {first_header} |"))
    rows = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [rows[0], *rows[2:]]


def test_the_table_of_states_is_the_one_that_decides() -> None:
    """Each cell of the page, state and finding, is the cell of the protocol, and there are no others."""
    (_, *findings), *rows = table("state")
    assert findings == [str(finding) for finding in Finding]
    assert {state: cells for state, *cells in rows} == {
        str(state): [_text(TABLE[state][finding]) for finding in Finding] for state in AlertState
    }


def _text(cell: Cell) -> str:
    state, kind = cell
    return str(state) if kind is None else f"{state}, {kind}"


def test_the_table_of_missing_data_is_the_one_that_decides() -> None:
    """Each policy's verdict is the one that the protocol has; with `ignore` there is none."""
    _, *rows = table("missing_data")
    assert {policy: verdict.partition(":")[0] for policy, verdict in rows} == {
        "zero": "that of the value 0",
        **{str(policy): str(verdict).lower() for policy, verdict in VERDICT_WITHOUT_DATA.items()},
    }
