"""Judges `choose`: the value it packs, as a share of the best packing's.

The candidate runs in another process. Whatever it answers is data to distrust: a benchmark that raises is at fault
itself, and a benchmark is kept between candidates, so nothing may be remembered from one to the next.
"""

from random import Random

import hyperagent

ITEMS = {{items}}


def instance(seed):
    """The weights, the values and the room of one case: all from its seed, so that every candidate gets the same."""
    random = Random(seed)
    weights = [random.randint(5, 40) for _ in range(ITEMS)]
    values = [random.randint(5, 60) for _ in range(ITEMS)]
    return weights, values, sum(weights) // 3


def best_value(weights, values, room):
    """The value of the best packing: a table over the room, one item after the other."""
    best = [0] * (room + 1)
    for weight, value in zip(weights, values):
        for left in range(room, weight - 1, -1):
            best[left] = max(best[left], best[left - weight] + value)
    return best[room]


def judge(answer, weights, values, room):
    """The share an answer packs, and its feedback: a class, a colon, and what its author can act on."""
    if isinstance(answer, hyperagent.CallError):
        return 0.0, f"crash: {answer.kind} {answer.message}"
    if type(answer) is not list or not all(type(item) is int for item in answer):
        return 0.0, f"wrong_type: expected a list of positions, got {answer!r:.60}"
    if len(set(answer)) < len(answer):
        return 0.0, f"twice: an item is named twice in {answer!r:.60}"
    if not all(0 <= item < len(weights) for item in answer):
        return 0.0, f"no_such_item: positions go from 0 to {len(weights) - 1}, got {answer!r:.60}"
    weight, value = sum(weights[item] for item in answer), sum(values[item] for item in answer)
    if weight > room:
        return 0.0, f"too_heavy: {weight} packed, {room} allowed"
    best = best_value(weights, values, room)
    if value == best:
        return 1.0, f"best: {value}"
    return value / best, f"short: value {value} of {best}; {room - weight} of {room} left empty"


def run(cases, call_many, call, report):
    instances = [instance(case.seed) for case in cases]
    answers = call_many("choose", [list(one) for one in instances])  # one round trip for all cases
    for case, one, answer in zip(cases, instances, answers):
        share, feedback = judge(answer, *one)
        report(case.id, {{share_as_metric}}, feedback)


hyperagent.serve(run)
