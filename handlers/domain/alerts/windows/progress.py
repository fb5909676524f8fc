"""Progress: up to which interval the rules are evaluated, so that each execution makes up for what others left.

Rules are evaluated in chunks, ranges of rule keys, and a chunk that fails must not hold up the others: progress is kept
for each range, and ranges that are equally far are one. Usually that is all rules.
"""

import json
from typing import NamedTuple


class KeyRange(NamedTuple):
    """The rules whose keys are not before `begin`, and before `end` unless that is empty."""

    begin: str = ""
    end: str = ""

    def holds(self, rule_key: str) -> bool:
        """True if the rule of this key is one of them."""
        return self.begin <= rule_key and (not self.end or rule_key < self.end)


class Reached(NamedTuple):
    """The end of the last interval that is evaluated, and the start of the first since when none was left out.

    `left_s` is the end of the last one before that; 0 if nothing was evaluated before.
    """

    end_s: int = 0
    begun_s: int = 0
    left_s: int = 0


class Progress(NamedTuple):
    """The progress of all rules: that from each of some keys on to the next; the first key is empty."""

    pieces: tuple[tuple[str, Reached], ...] = (("", Reached()),)

    @classmethod
    def read(cls, text: str) -> "Progress":
        """The progress that was written as this text; no text, no progress."""
        pieces = ((begin, Reached(*reached)) for begin, *reached in json.loads(text or "[]"))
        return cls(tuple(pieces) or cls().pieces)

    def __str__(self) -> str:
        return json.dumps([[begin, *reached] for begin, reached in self.pieces], separators=(",", ":"))

    def of(self, begin: str, end: str) -> Reached:
        """The progress of the rules from `begin` on and before `end` together; an empty end is that of all keys."""
        found = [
            reached
            for (first, reached), behind in zip(self.pieces, self._ends(), strict=True)
            if (not end or first < end) and (not behind or behind > begin)
        ]
        return Reached(
            min(found).end_s, max(item.begun_s for item in found), min(item.left_s for item in found)
        )

    def least(self, keys: KeyRange) -> KeyRange:
        """The first part of these keys whose rules are the least far of them; usually all are equally far."""
        pieces = [
            (reached.end_s, max(first, keys.begin), min(behind or keys.end, keys.end or behind))
            for (first, reached), behind in zip(self.pieces, self._ends(), strict=True)
            if (not keys.end or first < keys.end) and (not behind or behind > keys.begin)
        ]
        _, begin, end = min(pieces, key=lambda piece: piece[0])
        return KeyRange(begin, end)

    def advanced(self, begin: str, end: str, reached: Reached) -> "Progress":
        """The progress with these rules at least so far."""
        borders = sorted({begin, *(first for first, _ in self.pieces), *([end] if end else [])})
        pieces: list[tuple[str, Reached]] = []
        for first, behind in zip(borders, [*borders[1:], ""], strict=True):
            now = self.of(first, behind)
            inside = first >= begin and (not end or first < end)
            if inside and reached.end_s > now.end_s:
                now = reached
            if not pieces or pieces[-1][1] != now:
                pieces.append((first, now))
        return Progress(tuple(pieces))

    def _ends(self) -> list[str]:
        return [first for first, _ in self.pieces[1:]] + [""]
