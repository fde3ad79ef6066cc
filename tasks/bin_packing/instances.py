"""The instances: items drawn from a seed alone."""

from collections import namedtuple
from random import Random

ITEMS = 5000

Sizes = namedtuple("Sizes", "capacity items")

# The capacity and the sizes an item can have.
SIZES = {
    "weibull": Sizes(100, range(1, 101)),
    "uniform": Sizes(150, range(20, 101)),
}


def weibull(random):
    """Shape 3 and scale 45, rounded and cut to a bin: the distribution that FunSearch's authors published."""
    return min(100, max(1, round(random.weibullvariate(45, 3))))


def uniform(random):
    """Whole numbers from 20 to 100 for bins of 150: the `u` class of the OR-Library."""
    return random.randint(20, 100)


DRAW = {"weibull": weibull, "uniform": uniform}


def instance(seed):
    """The kind of items, the capacity and the items in order of arrival."""
    kind = "uniform" if seed % 2 else "weibull"
    random = Random(seed)
    draw = DRAW[kind]
    return kind, SIZES[kind].capacity, [draw(random) for _ in range(ITEMS)]
