"""Checks the packing of each seed exactly: every float is taken as the fraction it is, so nothing is rounded away."""

from fractions import Fraction
from math import fsum, isfinite

import hyperagent

CIRCLES = 26


def wrong_type(value):
    """Why an answer is no list of triples of finite numbers; None when it is one."""
    if type(value) is not list:
        return f"expected a list of [x, y, radius], got {value!r:.60}"
    for index, circle in enumerate(value):
        if type(circle) is not list or len(circle) != 3:
            return f"circle {index} is no [x, y, radius] but {circle!r:.60}"
        for number in circle:
            # A bool is an int to Python; here it is a mistake. Whole numbers beyond any float are far outside anyway.
            if type(number) not in (int, float) or type(number) is float and not isfinite(number):
                return f"circle {index} holds {number!r:.60}, which is no finite number"
    return None


def sticks_out(circle):
    """How far a circle is beyond a side of the square; at most 0 when it is inside."""
    x, y, radius = circle
    return radius - min(x, y, 1 - x, 1 - y)


def lack_of_room(first, second):
    """The square of the radii's sum less that of the distance: positive when two circles overlap."""
    return (first[2] + second[2]) ** 2 - (first[0] - second[0]) ** 2 - (first[1] - second[1]) ** 2


def fault_in(value):
    """What makes an answer no packing, as the feedback says it; None for a packing."""
    if isinstance(value, hyperagent.CallError):
        return f"crash: {value.kind} {value.message}"
    reason = wrong_type(value)
    if reason:
        return f"wrong_type: {reason}"
    if len(value) != CIRCLES:
        return f"count: {len(value)} circles instead of {CIRCLES}"
    circles = [tuple(map(Fraction, circle)) for circle in value]
    for index, circle in enumerate(circles):
        if circle[2] < 0:
            return f"negative: the radius of circle {index} is {shown(circle[2])}"
    out = [(sticks_out(circle), index) for index, circle in enumerate(circles) if sticks_out(circle) > 0]
    if out:
        length, index = max(out)
        return f"outside: circle {index} by {shown(length)}; {len(out)} in all"
    meeting = [
        (lack_of_room(circles[first], circles[second]) / (circles[first][2] + circles[second][2]) / 2, first, second)
        for second in range(CIRCLES)
        for first in range(second)
        if lack_of_room(circles[first], circles[second]) > 0
    ]
    if meeting:
        # Within the first order: (s^2 - d^2) / 2s is s - d for circles that hardly overlap.
        length, first, second = max(meeting)
        return f"overlap: circles {first} and {second} by {shown(length)}; {len(meeting)} in all"
    return None


def shown(length):
    """A length in two digits; what no float can hold is only called long."""
    try:
        return f"{float(length):.2g}"
    except OverflowError:
        return "more than 1e308"


def run(cases, call_many, call, report):
    for case, value in zip(cases, call_many("pack", [[case.seed] for case in cases])):
        fault = fault_in(value)
        if fault:
            report(case.id, 0.0, fault)
        else:
            radii = [circle[2] for circle in value]
            report(case.id, fsum(radii), f"packed: {fsum(radii):.6f}, the smallest radius is {min(radii):.4f}")


hyperagent.serve(run)
