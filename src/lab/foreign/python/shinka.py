"""Runs an `evaluate.py` made for ShinkaEvolve and prints what it writes to its results folder as metric lines.

Arguments: the solution, a folder that may be written, and the name of the metric. A result that is not correct ends
with code 1 and the reason. What `evaluate.py` prints goes to standard error, so that it cannot be taken for a metric;
the metrics it keeps private are not printed.
"""

import importlib.util
import json
import os
import runpy
import sys
import types

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "original")


def run_shinka_eval(
    program_path,
    results_dir,
    experiment_fn_name,
    num_runs,
    get_experiment_kwargs=None,
    aggregate_metrics_fn=None,
    validate_fn=None,
    default_metrics_on_error=None,
    **options,
):
    """Stands in for ShinkaEvolve's function where ShinkaEvolve is not installed: runs, validates, aggregates, saves."""
    metrics, error = dict(default_metrics_on_error or {"combined_score": 0.0}), None
    try:
        spec = importlib.util.spec_from_file_location("program", program_path)
        program = sys.modules["program"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(program)
        experiment = getattr(program, experiment_fn_name)
        results = []
        for index in range(num_runs):
            keywords = get_experiment_kwargs(index) if get_experiment_kwargs else {"seed": index + 1}
            results.append(experiment(**keywords))
            valid, reason = validate_fn(results[-1]) if validate_fn else (True, None)
            if not valid:
                error = error or f"run {index}: {reason or 'not valid'}"
        if aggregate_metrics_fn:
            metrics = aggregate_metrics_fn(results)
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
    save(results_dir, metrics, error)
    return metrics, error is None, error


def save(results_dir, metrics, error):
    os.makedirs(results_dir, exist_ok=True)
    kept = {name: value for name, value in metrics.items() if name != "extra_data"}
    for name, content in (("metrics", kept), ("correct", {"correct": error is None, "error": error})):
        with open(os.path.join(results_dir, f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(content, file, default=float)


def offer_stand_in():
    try:
        from shinka.core import run_shinka_eval as installed  # noqa: F401
    except ImportError:
        names = ("shinka", "shinka.core", "shinka.core.wrap_eval")
        modules = {name: types.ModuleType(name) for name in names}
        modules["shinka"].core = modules["shinka.core"]
        modules["shinka.core"].wrap_eval = modules["shinka.core.wrap_eval"]
        for name in names[1:]:
            modules[name].run_shinka_eval = run_shinka_eval
        sys.modules.update(modules)


def evaluate(solution, results):
    sys.path.insert(0, HERE)
    os.chdir(HERE)
    offer_stand_in()
    program = os.path.join(HERE, "evaluate.py")
    with open(program, encoding="utf-8") as file:
        dashed = "--program-path" in file.read()
    words = ("--program-path", "--results-dir") if dashed else ("--program_path", "--results_dir")
    sys.argv[:] = [program, words[0], solution, words[1], results]
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise


def written(results, name):
    with open(os.path.join(results, name), encoding="utf-8") as file:
        return json.load(file)


def lines(metrics):
    public = metrics.get("public")
    for name, value in {**metrics, **(public if isinstance(public, dict) else {})}.items():
        if isinstance(value, (bool, int, float)):
            yield name, repr(float(value))
    yield "text_feedback", " ".join(str(metrics.get("text_feedback") or "").split())


def main():
    solution, scratch, metric = sys.argv[1:4]
    results = os.path.join(scratch, "results")
    os.makedirs(results, exist_ok=True)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    evaluate(solution, results)
    correct = written(results, "correct.json")
    if not correct.get("correct"):
        sys.exit(f"not correct: {correct.get('error') or 'no reason given'}")
    metrics = written(results, "metrics.json")
    for name, value in lines(metrics):
        if value:
            print(f"{name}: {value}", file=answers)
    answers.close()


if __name__ == "__main__":
    main()
