"""The benchmark's side of a measurement: `import hyperagent` in a task's benchmark.

    import hyperagent

    def run(cases, call_many, call, report):
        for case in cases:
            answer = call("solve", [case.seed])
            report(case.id, metric=..., feedback="wrong: expected an even number")

    hyperagent.serve(run)

The candidate runs in another process and another sandbox; `call` and `call_many` are the only way to it.
Standard output and error are free for notes; a benchmark that raises is shown with its standard error.
"""

import json
import math
import os
import sys
from collections import namedtuple

RELAY = 3
MAX_FRAME = 1 << 20

Case = namedtuple("Case", ["id", "seed", "data"], defaults=[None])
Case.__doc__ = "One case: its name, the number its instance is built from, and its content where a tester proposed it."

CallError = namedtuple("CallError", ["kind", "message"])
CallError.__doc__ = "What a call gives instead of a value: the class of what the candidate raised, and the last line."


class Refused(Exception):
    """What `check` raises for a proposal that is no case; `kind` is `shape` or `contradiction`."""

    def __init__(self, reason, kind="shape"):
        super().__init__(reason)
        self.kind = kind


class _Abandoned(BaseException):
    """The candidate is gone; the block ends here."""


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


class _Kernel:
    """One JSON line each way over descriptor 3; what needs no answer waits for the next line that does."""

    def __init__(self):
        self.waiting = []
        self.calls = 0

    def tell(self, message):
        self.waiting.append(_line(message))

    def send(self, message):
        self.waiting.append(_line(message))
        data = memoryview("".join(self.waiting).encode("ascii"))
        self.waiting.clear()
        while data:
            data = data[os.write(RELAY, data) :]

    def receive(self):
        piece = os.read(RELAY, 1 << 16)
        if piece.endswith(b"\n"):
            return piece.decode("utf-8")
        pieces = [piece]
        while piece and not piece.endswith(b"\n"):
            piece = os.read(RELAY, 1 << 16)
            pieces.append(piece)
        if not piece:
            os._exit(0)
        return b"".join(pieces).decode("utf-8")

    def call_many(self, function, arguments, cpu_ms=None):
        """Calls `function` once for each list of arguments; a list of values, with a `CallError` where it raised.
        With `cpu_ms`, a call that uses more CPU time, in whole milliseconds, gives `CallError("too_slow", ...)`."""
        arguments = list(arguments)
        if not arguments:
            return []
        self.calls += 1
        question = {"id": self.calls, "fn": function, "args": arguments}
        if cpu_ms is not None:
            if type(cpu_ms) is not int or cpu_ms < 1:
                raise ValueError(f"cpu_ms is {cpu_ms!r}; it takes a whole number of milliseconds from 1")
            question["cpu_ms"] = cpu_ms
        self.send({"call": question})
        try:
            answer = json.loads(self.receive())
        except (ValueError, RecursionError):
            raise _Abandoned("garbled") from None
        if answer == "abandon":
            raise _Abandoned("asked")
        answer = answer["answer"]
        results = answer["results"]
        for index, error in answer["errors"].items():
            results[int(index)] = CallError(*error)
        return results

    def call(self, function, arguments, cpu_ms=None):
        """Calls `function` once; its value or a `CallError`. `call_many` is far cheaper for many calls."""
        return self.call_many(function, [arguments], cpu_ms)[0]

    def report(self, case, metric, feedback="", cost=None):
        """States the metric of a case, once a case. `feedback` may be shown to whoever improves the candidate;
        by convention it starts with a class and a colon, for example `wall: 3 apples in 41 steps`. `cost` is what the
        task's gate holds against its limit, in a unit that does not depend on the machine."""
        number = float(metric)
        report = {
            "case": str(case),
            "metric": number if math.isfinite(number) else None,
            "feedback": _text(feedback),
        }
        if cost is not None:
            report["cost"] = float(cost)
        self.tell({"report": report})


def _text(value):
    """Text that every reader takes: a candidate's answer may have put half a character in it."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _line(message):
    text = _encode(message)
    if len(text) >= MAX_FRAME:
        raise ValueError(f"a message of {len(text)} bytes, at most {MAX_FRAME} fit; split the call")
    return text + "\n"


def _checked(check, proposal):
    try:
        return {"data": check(proposal)}
    except Refused as refused:
        return {"refused": [refused.kind, _text(refused)[:400]]}
    except Exception as error:
        return {"refused": ["shape", f"{type(error).__name__}: {_text(error)}"[:400]]}


def serve(run, play=None, check=None, draw=None):
    """Serves blocks of cases until the kernel is done. `play(case, call)` yields text frames of one case.

    A task with `[proposals]` has `check(proposal)`, which gives a proposed case in the one form it has or raises
    `Refused`, and `draw(seed)`, which makes up a proposal."""
    kernel = _Kernel()
    while True:
        order = json.loads(kernel.receive())
        try:
            if "play" in order:
                if play is None:
                    raise NotImplementedError("this benchmark has no playback: call serve(run, play=...)")
                for frame in play(Case(**order["play"]), kernel.call):
                    kernel.tell({"frame": _text(frame)})
            elif "check" in order:
                kernel.tell({"checked": [_checked(check, proposal) for proposal in order["check"]]})
            elif "draw" in order:
                kernel.tell({"drawn": [draw(seed) for seed in order["draw"]]})
            else:
                cases = [Case(**case) for case in order["block"]]
                run(cases, kernel.call_many, kernel.call, kernel.report)
        except _Abandoned as abandoned:
            kernel.send({"abandoned": str(abandoned)})
        else:
            kernel.send("done")


if __name__ == "__main__":
    program = sys.argv[1]
    sys.argv[:] = [program]
    sys.path[0] = os.path.dirname(program)
    sys.modules["hyperagent"] = sys.modules["__main__"]
    with open(program, "rb") as file:
        code = compile(file.read(), program, "exec", dont_inherit=True)
    exec(code, {"__name__": "__main__", "__file__": program, "__builtins__": __builtins__})
