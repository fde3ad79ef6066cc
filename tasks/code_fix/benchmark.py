"""Runs unit tests against the candidate's functions, one test a case, all of a block in one round of calls."""

import json
from importlib import import_module
from random import Random

import hyperagent
from inputs import PROBLEMS

CPU_MS = 30
"""What one test may use, milliseconds of CPU time."""
ROUND = 6
"""The tests of a problem repeat their kinds: three written by hand, two drawn, and one large where there is one."""
TRAIN = ROUND * len(PROBLEMS)
"""The first seed that no agent sees."""

REFERENCES = {
    problem.name: getattr(import_module(f"references.{problem.name}"), problem.name) for problem in PROBLEMS
}


def test_of(seed):
    """The problem, the arguments and the expected answer of a seed."""
    turn, at = divmod(seed, len(PROBLEMS))
    problem, place, draw = PROBLEMS[at], turn % ROUND, Random(seed)
    written = problem.public if seed < TRAIN else problem.hidden
    if place < len(written):
        arguments = written[place]
    elif problem.large and place == ROUND - 1:
        arguments = problem.large(draw)
    else:
        arguments = problem.draw(draw)
    arguments = json.loads(json.dumps(arguments))
    return problem.name, arguments, REFERENCES[problem.name](*json.loads(json.dumps(arguments)))


def same(value, expected):
    """Whether two values are the same in JSON: 1, 1.0 and true are three."""
    try:
        return json.dumps(value, sort_keys=True) == json.dumps(expected, sort_keys=True)
    except RecursionError:
        return False


def shown(value, room=100):
    text = repr(value)
    return text if len(text) <= room else text[: room - 4] + " ..."


def judged(name, arguments, expected, value):
    """None when the test is passed, else what the author of the candidate may read."""
    if not isinstance(value, hyperagent.CallError) and same(value, expected):
        return None
    asked = f"f({', '.join(shown(argument) for argument in arguments)})"
    if not isinstance(value, hyperagent.CallError):
        return f"{name}: {asked} gave {shown(value)}, expected {shown(expected)}"
    if value.kind == "too_slow":
        return f"{name}: too_slow, {asked} {value.message} of CPU time"
    return f"{name}: {asked} raised {value.kind} {value.message}, expected {shown(expected)}"


def run(cases, call_many, call, report):
    tests = [test_of(case.seed) for case in cases]
    values = call_many("solve", [[name, arguments] for name, arguments, _ in tests], cpu_ms=CPU_MS)
    for case, (name, arguments, expected), value in zip(cases, tests, values):
        complaint = judged(name, arguments, expected, value)
        report(case.id, 100.0 if complaint is None else 0.0, complaint or "passed")


hyperagent.serve(run)
