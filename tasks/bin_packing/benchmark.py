"""Packs whole instances by the candidate's `priority`, asked once for every pair of item and residual.

Residuals are whole numbers, so all open bins of one residual are alike: a count for each is the whole state, and an
item takes the first residual with a bin among those its own row of priorities ranks highest.
"""

from functools import lru_cache

import hyperagent
from instances import SIZES, instance
from references import l2_bound

# What an instance is worth that cannot be packed: far beyond any rule that packs.
UNUSABLE = 100.0


@lru_cache(maxsize=4096)
def prepared(seed):
    """The kind, capacity, items and lower bound of an instance."""
    kind, capacity, items = instance(seed)
    return kind, capacity, items, l2_bound(items, capacity)


def ranked(item, capacity, row):
    """The residuals an item fits in, the highest priority first; equal ones: the fuller bin first."""
    return bytes(sorted(range(item, capacity + 1), key=lambda residual: -row[residual - item]))


@lru_cache(maxsize=16384)
def packed(seed, ranks):
    """The bins used and the final count of bins by residual. Many changes of a rule change no rank, and cost nothing."""
    kind, capacity, items, _ = prepared(seed)
    first = SIZES[kind].items[0]
    count = [0] * (capacity + 1)
    bins = 0
    for item in items:
        for residual in ranks[item - first]:
            if residual == capacity:
                bins += 1
                break
            if count[residual]:
                count[residual] -= 1
                break
        count[residual - item] += 1
    return bins, count


def fault(item, capacity, row):
    """Why a row cannot be used, or None."""
    if isinstance(row, hyperagent.CallError):
        return f"crash: {row.kind} {row.message}"
    for residual, value in enumerate(row, start=item):
        if type(value) not in (int, float) or not abs(value) <= 1e300:
            shown = repr(value)[:60]
            return f"wrong_type: priority({item}, {residual}, {capacity}) gave {shown}, not a finite number"
    return None


def tables(kinds, call_many):
    """For each kind the ranks of its items, in order, or the sentence why there are none."""
    asked = [(kind, item, SIZES[kind].capacity) for kind in kinds for item in SIZES[kind].items]
    rows = call_many("priority", [[item, capacity] for _, item, capacity in asked])
    ranks = {kind: [] for kind in kinds}
    faults = {}
    for (kind, item, capacity), row in zip(asked, rows):
        wrong = fault(item, capacity, row)
        if wrong:
            faults.setdefault(kind, wrong)
        else:
            ranks[kind].append(ranked(item, capacity, row))
    return {kind: tuple(rows) for kind, rows in ranks.items()}, faults


def waste(capacity, count, bins):
    """Where the free room lies, by the gap left in a bin, in percent of all room."""
    parts = []
    for low, high in ((1, 3), (4, 9), (10, 19), (20, capacity - 1)):
        room = sum(gap * count[gap] for gap in range(low, high + 1))
        parts.append(f"gaps {low}-{high} {100 * room / (bins * capacity):.1f} %")
    return ", ".join(parts)


def run(cases, call_many, call, report):
    kinds = sorted({prepared(case.seed)[0] for case in cases})
    ranks, faults = tables(kinds, call_many)
    for case in cases:
        kind, capacity, _, bound = prepared(case.seed)
        if kind in faults:
            report(case.id, UNUSABLE, faults[kind])
            continue
        bins, count = packed(case.seed, ranks[kind])
        excess = 100 * (bins - bound) / bound
        report(case.id, excess, f"{kind}: {bins} bins, at least {bound} needed; free room in {waste(capacity, count, bins)}")


hyperagent.serve(run)
