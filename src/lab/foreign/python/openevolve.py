"""Calls `evaluate(program_path)` of an evaluator made for OpenEvolve and prints what it returns as metric lines.

Arguments: the solution, and the name of the metric. When the evaluator returns no `combined_score` and nobody chose
another metric, the first number it returns stands for it. What the evaluator prints goes to standard error, so that it
cannot be taken for a metric.
"""

import importlib.util
import math
import os
import sys
import types

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "original")
DEFAULT = "combined_score"


class EvaluationResult:
    """Stands in for OpenEvolve's class where OpenEvolve is not installed."""

    def __init__(self, metrics=None, artifacts=None):
        self.metrics = dict(metrics or {})
        self.artifacts = dict(artifacts or {})


def offer_stand_in():
    try:
        import openevolve.evaluation_result  # noqa: F401
    except ImportError:
        inner = types.ModuleType("openevolve.evaluation_result")
        outer = types.ModuleType("openevolve")
        inner.EvaluationResult = outer.EvaluationResult = EvaluationResult
        outer.evaluation_result = inner
        sys.modules.update({"openevolve": outer, "openevolve.evaluation_result": inner})


def evaluate(solution):
    sys.path.insert(0, HERE)
    os.chdir(HERE)
    offer_stand_in()
    spec = importlib.util.spec_from_file_location("evaluator", os.path.join(HERE, "evaluator.py"))
    evaluator = importlib.util.module_from_spec(spec)
    sys.modules["evaluator"] = evaluator
    spec.loader.exec_module(evaluator)
    return evaluator.evaluate(solution)


def number(value):
    """The value as a number, or None; numbers of array libraries count too."""
    if isinstance(value, (str, bytes)) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def lines(metric, result):
    metrics = dict(getattr(result, "metrics", result))
    numbers = {name: number(value) for name, value in metrics.items()}
    numbers = {name: value for name, value in numbers.items() if value is not None}
    if metric == DEFAULT and metric not in numbers and numbers:
        first = next(iter(numbers))
        yield "note", f"the evaluator returns no {DEFAULT}; its first number, {first}, stands for it"
        numbers = {metric: numbers.pop(first), **numbers}
    for name, value in numbers.items():
        if name == metric or math.isfinite(value):
            yield name, repr(value)
    others = [item for item in metrics.items() if item[0] not in numbers]
    for name, value in others + list(getattr(result, "artifacts", {}).items()):
        yield name, " ".join(str(value).split())


def main():
    solution, metric = sys.argv[1:3]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for name, value in lines(metric, evaluate(solution)):
        print(f"{name}: {value}", file=answers)
    answers.close()


if __name__ == "__main__":
    main()
