"""Answers to the corpus, computed from the rows themselves."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np

Row = dict[str, Any]
Rows = list[Row]
Answer = list[list[Any]]

NOW = 1_700_000_400_123_456_789
SECOND = 1_000_000_000
MINUTE = 60 * SECOND


def stamp(nanoseconds: int) -> str:
    """A timestamp as AWS prints it."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    return f"{np.datetime64(seconds, 's').astype(str).replace('T', ' ')}.{fraction:09d}"


def grouped(rows: Iterable[Row], *keys: str) -> dict[Any, Rows]:
    """Rows by the values of columns."""
    groups: dict[Any, Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]].append(row)
    return groups


def present(rows: Rows, column: str) -> list[Any]:
    """A column's values that are not NULL."""
    return [row[column] for row in rows if row[column] is not None]


def status(rows: Rows) -> dict[str, Rows]:
    """The multi-measure rows by host, hosts and times in order."""
    found = grouped((r for r in rows if r["measure_name"] == "status"), "host")
    return {host: sorted(found[host], key=lambda r: r["time"]) for host in sorted(found, key=str.encode)}


def _half_up(number: float, places: int) -> float:
    return math.floor(abs(number) * 10**places + 0.5) / 10**places * (1 if number >= 0 else -1)


def _bin_averages(rows: Rows) -> Answer:
    wanted = [r for r in rows if r["measure_name"] == "status" and NOW - 15 * MINUTE <= r["time"] <= NOW]
    for row in wanted:
        row["bin"] = row["time"] // (5 * MINUTE) * (5 * MINUTE)
    groups = grouped(wanted, "host", "bin")
    order = sorted(groups, key=lambda key: (-key[1], key[0].encode()))
    return [[h, stamp(b), _half_up(float(np.mean(present(groups[h, b], "cpu"))), 4)] for h, b in order]


def _last_points(rows: Rows) -> Answer:
    return [[host, stamp(found[-1]["time"]), found[-1]["cpu"]] for host, found in status(rows).items()]


def _percentiles(rows: Rows) -> Answer:
    answer = []
    for region, found in sorted(grouped(rows, "region").items()):
        cpu = np.array(present(found, "cpu"))
        _shares = [float(np.percentile(cpu, p, method="inverted_cdf")) for p in (50, 99)]
        answer.append([region, *_shares, len(cpu)])
    return answer


def _gaps(rows: Rows) -> Answer:
    answer = []
    for host, found in grouped(rows, "host").items():
        times = sorted(r["time"] for r in found)
        answer += [[host, stamp(a), (b - a) // SECOND] for a, b in pairwise(times) if b - a > MINUTE]
    return sorted(answer, key=lambda row: (row[0].encode(), row[1]))


def _silent_minutes(rows: Rows) -> Answer:
    start = 1_699_999_200 * SECOND
    seen = {(r["host"], r["time"] // MINUTE) for r in rows}
    hosts = sorted({r["host"] for r in rows}, key=str.encode)
    minutes = [start + i * MINUTE for i in range(20)]
    return [[h, stamp(m)] for h in hosts for m in minutes if (h, m // MINUTE) not in seen]


def _deltas(rows: Rows) -> Answer:
    answer: Answer = []
    for host, found in status(rows).items():
        previous = None
        for row in found:
            rate: float | None = None if previous is None else (row["requests"] - previous) / 10.0
            answer.append([host, stamp(row["time"]), rate])
            previous = row["requests"]
    return answer


def _busiest(rows: Rows) -> Answer:
    totals = [[h, sum(present(found, "requests"))] for h, found in grouped(rows, "host").items()]
    return sorted(totals, key=lambda row: (-row[1], row[0].encode()))[:3]


def _above_region(rows: Rows) -> Answer:
    means = {region: np.mean(present(found, "cpu")) for region, found in grouped(rows, "region").items()}
    answer = []
    for host, found in grouped(rows, "host").items():
        distance = float(np.mean(present(found, "cpu")) - means[found[0]["region"]])
        answer += [[host, distance]] if distance > 0 else []
    return sorted(answer, key=lambda row: row[0].encode())


def _levels(rows: Rows) -> Answer:
    def level(cpu: float | None) -> str:
        return "unknown" if cpu is None else "critical" if cpu >= 90 else "busy" if cpu >= 50 else "idle"

    groups: dict[str, Rows] = defaultdict(list)
    for row in rows:
        groups[level(row["cpu"])].append(row)
    counted: Answer = [
        [name, len(f), sum(r["healthy"] is True for r in f), sum(r["healthy"] is False for r in f)]
        for name, f in groups.items()
    ]
    return sorted((row for row in counted if row[1] > 20), key=lambda row: -row[1])


def _moving_average(rows: Rows) -> Answer:
    return [
        [host, stamp(row["time"]), float(np.mean([r["cpu"] for r in found[max(i - 4, 0) : i + 1]]))]
        for host, found in status(rows).items()
        for i, row in enumerate(found)
    ]


def _minute_sum(rows: Rows) -> Answer:
    return [
        [h, stamp(row["time"]), math.fsum(r["cpu"] for r in f if 0 <= row["time"] - r["time"] <= MINUTE)]
        for h, f in status(rows).items()
        for row in f
    ]


def _spread(rows: Rows) -> Answer:
    answer = []
    for region, found in sorted(grouped(rows, "region").items()):
        full = [r for r in found if r["cpu"] is not None]
        cpu, requests = (np.array([float(r[c]) for r in full]) for c in ("cpu", "requests"))
        answer.append(
            [
                region,
                cpu.std(ddof=1),
                cpu.std(),
                requests.var(ddof=1),
                requests.var(),
                np.corrcoef(cpu, requests)[0, 1],
                np.cov(cpu, requests)[0, 1],
            ]
        )
    return answer


def _single_measures(rows: Rows) -> Answer:
    answer = []
    for host, found in grouped((r for r in rows if r["measure_name"] == "temperature"), "host").items():
        values = present(found, "measure_value::double")
        answer.append([host, len(values), float(np.mean(values)), min(values)])
    return sorted(answer, key=lambda row: row[0].encode())


def _notes_descending(rows: Rows) -> Answer:
    notes = {r["note"] for r in rows}
    return [[n] for n in sorted((n for n in notes if n is not None), key=str.encode, reverse=True)] + [[None]]


def _everything(rows: Rows) -> Answer:
    columns = (
        "host", "region", "Rack", "rack", "measure_name", "time", "cpu", "requests", "healthy", "note", "booted",
        "measure_value::double",
    )  # fmt: skip
    return [[stamp(r[c]) if c in ("time", "booted") else r[c] for c in columns] for r in rows]


def _measure_names(rows: Rows) -> Answer:
    return [[name] for name in {r["measure_name"] for r in rows}]


def _except_hosts(rows: Rows) -> Answer:
    first = {r["host"] for r in rows if r["cpu"] is not None and r["cpu"] > 99}
    second = {r["host"] for r in rows if r["cpu"] is not None and r["cpu"] > 50 and r["requests"] > 1180}
    return [[host] for host in first - second]


def _union_intersect(rows: Rows) -> Answer:
    return [[host] for host in {"host-a"} | {r["host"] for r in rows if r["region"] == "us-east-1"}]


def _ever_unhealthy(rows: Rows) -> Answer:
    return [[h] for h in {r["host"] for r in rows if r["healthy"] is False and r["cpu"] > 97}]


def _grouping_sets(rows: Rows) -> Answer:
    both = Counter((r["region"], r["measure_name"]) for r in rows)
    regions = Counter(r["region"] for r in rows)
    answer: Answer = [[*key, count] for key, count in both.items()]
    return [*answer, *([region, None, count] for region, count in regions.items()), [None, None, len(rows)]]


def _case_twins(rows: Rows) -> Answer:
    return [[*key, count] for key, count in sorted(Counter((r["Rack"], r["rack"]) for r in rows).items())]


def _whole_numbers(rows: Rows) -> Answer:
    numbers = present(rows, "requests")
    return [
        [sum(numbers) / len(numbers), sum(numbers), sum(numbers) // len(numbers), min(numbers), max(numbers)]
    ]


def _shares(rows: Rows) -> Answer:
    counts = Counter(r["host"] for r in rows)
    return [[host, counts[host] * 100 / len(rows)] for host in sorted(counts, key=str.encode)]


def _clock_fields(rows: Rows) -> Answer:
    counts = Counter((r["booted"] // (60 * MINUTE) % 24, r["time"] // MINUTE % 60) for r in rows)
    return [[*key, count] for key, count in sorted(counts.items())]


def _distinct_counts(rows: Rows) -> Answer:
    return [
        [
            len({r["host"] for r in rows}),
            len(set(present(rows, "note"))),
            len({r["time"] // MINUTE for r in rows}),
        ]
    ]


ANSWERS: dict[str, Callable[[Rows], Answer]] = {
    f.__name__.lstrip("_"): f
    for f in (
        _bin_averages, _last_points, _percentiles, _gaps, _silent_minutes, _deltas, _busiest, _above_region, _levels,
        _moving_average, _minute_sum, _spread, _single_measures, _notes_descending, _everything, _measure_names,
        _except_hosts, _union_intersect, _ever_unhealthy, _grouping_sets, _case_twins, _whole_numbers, _shares,
        _clock_fields, _distinct_counts,
    )
}  # fmt: skip
