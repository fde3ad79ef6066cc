"""All problems, in the order in which the tests take turns."""

from inputs import numbers, shapes, slow, text

PROBLEMS = [*text.PROBLEMS, *numbers.PROBLEMS, *shapes.PROBLEMS, *slow.PROBLEMS]
