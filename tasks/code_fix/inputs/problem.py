"""What the tests of one problem are drawn from."""

from collections import namedtuple

Problem = namedtuple("Problem", ["name", "public", "hidden", "draw", "large", "offline"], defaults=[None, False])
Problem.__doc__ = """The inputs of one problem; the expected values come from `references/<name>.py`.

- name: of the function and of its file.
- public, hidden: edge cases written by hand, three lists of arguments each; agents see the public ones.
- draw: from a `random.Random`, one list of arguments.
- large: the same for an input that needs a good algorithm; None where there is no performance test.
- offline: whether the offline optimiser's moves hold the repair of the start: one changed token, one removed
  statement, or one piece of `ingredients.py`.
"""
