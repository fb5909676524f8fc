"""`ops alerts silence`, `silences`, `unsilence`: what is not to be sent, in every region of an environment."""

import argparse
import secrets
import sys
from collections.abc import Mapping, Sequence

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.silences.reading import SilenceError, read_silence, silence_document
from handlers.domain.alerts.silences.silence import Silence
from ops import consent, stack
from ops.callers import whoever
from ops.errors import OperatorError
from ops.output import counted, moment, sanitize
from ops.regions import Regions, show
from ops.rule_table import RuleTable
from ops.silence_table import SilenceTable
from ops.silence_words import MOST_S, duration_s, matcher_of, time_s, window_of, zone_name
from ops.stack import Target
from ops.tables import Coloured, Row, add_option

_NAMED = 10


def add_arguments(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommands to those of `alerts`."""
    silencing = actions.add_parser(
        "silence", help="send nothing of some alerts for a while, or in the hours of maintenance"
    )
    stack.add_options(silencing, all_regions=True, everywhere=True)
    consent.add_option(silencing)
    silencing.add_argument(
        "match",
        nargs="*",
        metavar="MATCH",
        help="RULE_ID, severity=high, metric=cpu.load, type=system, host=web-1 (a dimension); * is any text. "
        "One of those with the same name, and all names, must match",
    )
    silencing.add_argument("--all", action="store_true", help="every alert")
    ends = silencing.add_mutually_exclusive_group()
    ends.add_argument("--for", dest="for_s", type=duration_s, metavar="TIME", help="30m, 2h, 1d12h")
    ends.add_argument("--until", metavar="TIME", help="18:00, or 2026-12-24T18:00, in --zone")
    silencing.add_argument("--from", dest="begin", metavar="TIME", help="likewise; default: now")
    silencing.add_argument(
        "--every", metavar="HOURS", help="'sat,sun 02:00-04:00', 'mon-fri 22:00-01:00', 'daily 03:00-03:30'"
    )
    silencing.add_argument("--zone", type=zone_name, default="UTC", help="Europe/Berlin; default: UTC")
    silencing.add_argument("--why", type=str.strip, required=True, help="for those who wonder")
    silencing.set_defaults(run=_silence)
    listing = actions.add_parser("silences", help="the silences that hold or will hold")
    stack.add_options(listing, all_regions=True, everywhere=True)
    add_option(listing)
    listing.add_argument("--all", action="store_true", help="also those of the last month that are over")
    listing.set_defaults(run=_list)
    ending = actions.add_parser("unsilence", help="end silences: what still fires is told")
    stack.add_options(ending, all_regions=True, everywhere=True)
    consent.add_option(ending)
    ending.add_argument("ids", nargs="+", metavar="ID")
    ending.set_defaults(run=_end)


def when(silence: Silence, now_s: float | None = None) -> str:
    """The times at which a silence holds, in words; at `now_s`, by default when it begins."""
    until = f"until {moment(silence.until_s)} UTC" if silence.until_s else "until it is ended"
    if silence.window is None:
        return f"from {moment(silence.from_s)} {until}"
    time_s = max(silence.from_s, int(now_s or 0))
    begin_s, end_s = silence.window.next(time_s)
    if silence.holds(time_s):
        held = f"holds from {moment(max(begin_s, silence.from_s))} to {moment(end_s)} UTC"
    else:
        held = f"next from {moment(begin_s)} to {moment(end_s)} UTC"
    return f"{silence.window}, {held}, {until}"


def by_name(target: Target) -> Mapping[str, Silence]:
    """The silences by what the alerts that they hold back call them."""
    return {silence.name: silence for silence in SilenceTable(target).read().silences}


def _silence(options: argparse.Namespace) -> int:
    matcher = matcher_of(options.match, every=options.all)
    window = None if options.every is None else window_of(options.every, options.zone)
    if window is None and options.for_s is None and options.until is None:
        raise OperatorError("for how long? --for 2h, --until 18:00, or --every 'sat 02:00-04:00'")
    if window is not None and options.for_s is not None:
        raise OperatorError("--every says how long; until when it recurs is said by --until")
    regions, silence_id = Regions(options), secrets.token_hex(4)
    planned: dict[str, tuple[Silence, str, int]] = {}
    known: set[str] = set()
    dimensions: set[str] = set()
    for target, (now_s, rules) in regions.ask(_now_and_rules):
        begin_s, until_s = _bounds(options, now_s)
        by = whoever(options, target)
        silence = _checked(Silence(silence_id, matcher, begin_s, until_s, options.why, by, now_s, window))
        matched = sum(matcher.matches_rule(rule) for rule in rules)
        known |= {rule.rule_id for rule in rules}
        dimensions |= {name for rule in rules for name in (*rule.by, *dict(rule.match))}
        planned[target.region] = silence, f"{matched} of {counted(len(rules), 'rule')}", matched
    if not planned:
        return regions.status
    if not options.all and not any(matched for _, _, matched in planned.values()):
        by_dimension = f", by the dimensions {', '.join(sorted(dimensions)) or 'none'}"
        raise OperatorError(
            f"no rule in force matches {sanitize(str(matcher))}; there are {', '.join(sorted(known)) or 'none'}"
            f"{by_dimension if matcher.dimensions else ''}"
        )
    consent.expect(options, f"silence {sanitize(str(matcher))} in {', '.join(planned)}")
    for target, _ in regions.ask(lambda target: _put(target, planned.get(target.region))):
        if target.region in planned:
            silence, about, _ = planned[target.region]
            print(
                f"{regions.prefix(target)}silence {silence_id}: {sanitize(str(matcher))} ({about}) {when(silence)}"
            )
    return regions.status


def _now_and_rules(target: Target) -> tuple[int, Sequence[Rule]]:
    table = RuleTable(target)
    return table.time_s(), table.read().rules


def _bounds(options: argparse.Namespace, now_s: int) -> tuple[int, int]:
    """The seconds at which a silence begins and ends; OperatorError if it would hold nothing back."""
    begin_s = now_s
    if options.begin is not None:
        begin_s = time_s("--from", options.begin, options.zone, now_s)
        if begin_s < now_s:
            raise OperatorError(f"--from {options.begin}: is past, it is {moment(now_s)} UTC")
    if options.until is None:
        return begin_s, begin_s + options.for_s if options.for_s else 0
    until_s = time_s("--until", options.until, options.zone, begin_s)
    if until_s <= begin_s:
        raise OperatorError(
            f"--until {options.until}: that is {moment(until_s)} UTC, and the silence begins at {moment(begin_s)} UTC"
        )
    if options.every is None and until_s - begin_s > MOST_S:
        raise OperatorError(
            f"--until {options.until}: at most 366 days; what is never to be told needs no rule"
        )
    return begin_s, until_s


def _checked(silence: Silence) -> Silence:
    """The silence, if its table takes it as it is; OperatorError if functions could not read it."""
    try:
        return read_silence(silence_document(silence))
    except SilenceError as error:
        names = {"why": "--why"}
        raise OperatorError(f"{names.get(error.field, error.field)}: {error.message}") from error


def _put(target: Target, planned: tuple[Silence, str, int] | None) -> None:
    if planned is not None:
        SilenceTable(target).put(planned[0])


def _list(options: argparse.Namespace) -> int:
    columns = ("id", "state", "alerts", "from", "until", "every", "by", "why")
    return show(options, columns, lambda target: _rows(target, every=options.all), noun="silence")


def _rows(target: Target, *, every: bool) -> list[Row]:
    table = SilenceTable(target)
    found = table.read()
    if found.unreadable:
        more = " …" if len(found.unreadable) > _NAMED else ""
        named = ", ".join(map(sanitize, found.unreadable[:_NAMED])) + more
        print(
            f"note: {target.region}: {counted(len(found.unreadable), 'item')} of the silences table cannot be read, "
            f"and hold nothing back; they may be of a later version: {named}",
            file=sys.stderr,
        )
    now_s = table.time_s()
    ordered = sorted(
        found.silences,
        key=lambda silence: (silence.is_over(now_s), not silence.holds(now_s), silence.from_s),
    )
    return [_row(silence, now_s) for silence in ordered if every or not silence.is_over(now_s)]


def _row(silence: Silence, now_s: int) -> Row:
    window = silence.window
    return (
        silence.silence_id,
        _state(silence, now_s),
        str(silence.matcher),
        moment(silence.from_s),
        moment(silence.until_s) if silence.until_s else None,
        None if window is None else str(window),
        silence.by,
        silence.why,
    )


def _state(silence: Silence, now_s: int) -> str | Coloured:
    """The word for what it does now: it holds, does not yet, or is over, and who ended it."""
    if silence.is_over(now_s):
        return f"ended by {silence.ended_by}" if silence.ended_by else "over"
    if silence.holds(now_s):
        return Coloured("holds", "yellow")
    begin_s = silence.from_s
    if silence.window is not None:
        begin_s = silence.window.next(max(now_s, silence.from_s))[0]
    return f"from {moment(max(begin_s, silence.from_s))}"


def _end(options: argparse.Namespace) -> int:
    regions = Regions(options)
    found = {target.region: ids for target, ids in regions.ask(lambda one: _known(one, options.ids))}
    unknown = [name for name in options.ids if not any(name in ids for ids in found.values())]
    if not found:
        return regions.status
    if unknown:
        raise OperatorError(
            f"no silence {', '.join(map(sanitize, unknown))} that holds or will hold; `ops alerts silences` has them"
        )
    consent.expect(options, f"end {', '.join(options.ids)} in {', '.join(found)}")
    for target, ended in regions.ask(lambda one: _ended(one, options, found.get(one.region, ()))):
        if ended:
            print(
                f"{regions.prefix(target)}ended {', '.join(ended)}; what still fires is told within a minute or two"
            )
    return regions.status


def _known(target: Target, names: Sequence[str]) -> list[str]:
    """Those of the silences that are not over."""
    table = SilenceTable(target)
    now_s = table.time_s()
    ids = {silence.silence_id for silence in table.read().silences if not silence.is_over(now_s)}
    return [name for name in dict.fromkeys(names) if name in ids]


def _ended(target: Target, options: argparse.Namespace, names: Sequence[str]) -> list[str]:
    table, by = SilenceTable(target), whoever(options, target)
    return [name for name in names if table.end(name, by, table.time_s())]
