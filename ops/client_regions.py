"""The clients' tokens of several regions: read in all of them before any is changed, and changed in each."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ops import stack
from ops.client_tokens import ClientToken, Tokens, TokenTable
from ops.errors import OperatorError
from ops.output import sanitize
from ops.stack import NoStackError, Target

_Answer = TypeVar("_Answer")


class ClientRegions:
    """The regions that an environment is deployed in; `failed` are those that did not do what was asked of them."""

    def __init__(self, options: argparse.Namespace) -> None:
        """OperatorError if its clients have no tokens, or if it is deployed nowhere."""
        self.failed: list[str] = []
        self._tables: dict[str, tuple[Target, TokenTable]] = {}
        targets = stack.targets(options)
        auth = targets[0].config.api.auth
        if auth != "token":
            raise OperatorError(
                f'clients have tokens with api.auth = "token"; that of {options.environment} is "{auth}"'
            )
        absent = []
        for target in targets:
            try:
                self._tables[target.region] = target, TokenTable.of(target)
            except NoStackError as error:
                absent.append(str(error))
            except OperatorError as error:
                self._fail(target.region, error)
        if not self._tables and not self.failed:
            raise OperatorError(absent[0])
        for said in absent:
            print(f"note: {sanitize(said)}; once it is there: python -m ops clients sync", file=sys.stderr)

    @property
    def names(self) -> str:
        """The regions that can be asked."""
        return ", ".join(self._tables)

    def read(self) -> Mapping[str, Tokens]:
        """The tokens by region; OperatorError if one of the regions does not tell."""
        found = self.read_some()
        if self.failed:
            raise OperatorError(
                f"nothing was changed, as {', '.join(self.failed)} cannot be asked; --region REGION changes one alone"
            )
        return found

    def read_some(self) -> Mapping[str, Tokens]:
        """The tokens by region, of those that tell; the others have failed."""
        return self.ask(lambda _, table: table.read())

    def ask(self, do: Callable[[Target, TokenTable], _Answer]) -> dict[str, _Answer]:
        """The answers of the regions; one that fails harms no other."""
        answers = {}
        for region, (target, table) in self._tables.items():
            try:
                answers[region] = do(target, table)
            except OperatorError as error:
                self._fail(region, error)
        return answers

    def add(self, token: ClientToken) -> None:
        """Add a token in every region; OperatorError if one does not take it, and then none has it."""
        written: list[str] = []
        for region, (_, table) in self._tables.items():
            written.append(region)
            try:
                table.put(token)
            except OperatorError as error:
                left = [one for one in written if not self._took_back(one, token)]
                where = f"; one that nobody knows may be left in {', '.join(left)}" if left else ""
                raise OperatorError(f"{error}; no token was added{where}") from error

    def change(self, region: str, do: Callable[[TokenTable], None]) -> None:
        """Change the tokens of one region; it has failed if it refuses."""
        try:
            do(self._tables[region][1])
        except OperatorError as error:
            self._fail(region, error)

    def _took_back(self, region: str, token: ClientToken) -> bool:
        try:
            self._tables[region][1].delete([token])
        except OperatorError:
            return False
        return True

    def _fail(self, region: str, error: OperatorError) -> None:
        said = str(error)
        print(sanitize(said if said.startswith(region) else f"{region}: {said}"), file=sys.stderr)
        if region not in self.failed:
            self.failed.append(region)


def missing(tokens: Mapping[str, Tokens]) -> dict[str, list[ClientToken]]:
    """The valid tokens that each region lacks, or has for longer than another: with the earliest end that any knows."""
    ends: dict[str, ClientToken] = {}
    for one in (one for found in tokens.values() for one in found.every):
        other = ends.get(one.hashed, one)
        known = [at_s for at_s in (one.expires_at_s, other.expires_at_s) if at_s is not None]
        ends[one.hashed] = replace(one, expires_at_s=min(known, default=None))
    return {
        region: [one for one in ends.values() if one not in found.every and _matters(one, found)]
        for region, found in tokens.items()
    }


def _matters(token: ClientToken, found: Tokens) -> bool:
    """True for a token that is valid, or is over elsewhere and valid there."""
    is_valid = token.expires_at_s is None or token.expires_at_s > found.now_s
    return is_valid or token.hashed in {one.hashed for one in found.valid}


def clients_of(tokens: Mapping[str, Tokens]) -> Sequence[str]:
    """The names of the clients that have a valid token anywhere."""
    return sorted({one.client for found in tokens.values() for one in found.valid})
