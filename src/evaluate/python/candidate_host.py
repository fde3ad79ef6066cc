"""Serves the functions of one candidate to the kernel, one JSON line each way over descriptor 3.

Arguments: the solution folder, the entry file, the served functions joined by commas, and the task's adapter or "".
Start-up is most of the cost of a small measurement, so nothing is imported that the work does not need; even `os` and
`json` would be felt.
"""

import posix
import sys

RELAY = 3
MAX_FRAME = 1 << 20
MAX_MESSAGE = 400


class Plain:
    """How JSON is read: as what it is."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def json_codec():
    """Compact JSON without the `json` package, whose import takes as long as the interpreter's own start."""
    try:
        from _json import encode_basestring_ascii, make_encoder, make_scanner

        scan = make_scanner(Plain)
        chunks = make_encoder(None, refuse, encode_basestring_ascii, None, ":", ",", False, False, False)

        def decode(text):
            return scan(text, 0)[0]

        def encode(value):
            return "".join(chunks(value, 0))

        if decode(encode([1, "a", None, {"b": 0.5}])) == [1, "a", None, {"b": 0.5}]:
            return decode, encode
    except Exception:
        pass  # An interpreter whose accelerator differs: the public package does the same, later.
    import json

    encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
    return json.loads, encoder.encode


def refuse(value):
    raise TypeError(f"{type(value).__name__} has no JSON form")


DECODE, ENCODE = json_codec()


def read_frame():
    """The kernel sends one line and waits, so a line always ends what there is to read."""
    piece = posix.read(RELAY, 1 << 16)
    if piece.endswith(b"\n") or not piece:
        return piece
    pieces = [piece]
    while piece and not piece.endswith(b"\n"):
        piece = posix.read(RELAY, 1 << 16)
        pieces.append(piece)
    return b"".join(pieces) if piece else b""


def send(text):
    data = memoryview(text.encode("ascii") + b"\n")
    while data:
        data = data[posix.write(RELAY, data) :]


def describe(error, folder):
    """The class of an exception, and the place in the candidate's own code with what it says."""
    try:
        text = " ".join(str(error).split())
    except BaseException:
        text = "(its text cannot be read)"
    place = ""
    step = error.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if filename.startswith(folder):
            place = f"{filename[len(folder) + 1 :]}:{step.tb_lineno}: "
        step = step.tb_next
    return [type(error).__name__[:80], (place + text)[:MAX_MESSAGE]]


def fail(kind, message):
    send(ENCODE({"failed": [kind, message[:MAX_MESSAGE]]}))
    leave(1)


def leave(code):
    """Ends at once: nothing a candidate registered may run after its work is done."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        posix._exit(code)


def python_files(folder):
    for entry in sorted(posix.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from python_files(entry.path)
        elif entry.name.endswith(".py"):
            yield entry.path


def compile_all(folder):
    """Compiles every Python file below `folder`; returns the top-level modules' code and all source text."""
    modules, texts = {}, []
    for path in python_files(folder):
        shown = path[len(folder) + 1 :]
        with open(path, "rb") as file:
            source = file.read()
        try:
            code = compile(source, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            line = (error.text or "").strip()
            quoted = f" in `{line[:120]}`" if line else ""
            fail(type(error).__name__, f"{shown}:{error.lineno or 1}: {error.msg}{quoted}")
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            fail("SyntaxError", f"{shown}:1: {error or type(error).__name__}")
        texts.append(source)
        if "/" not in shown:
            modules[shown[:-3]] = (path, code)
    return modules, texts


class CompiledModules:
    """Imports the modules that are already compiled; everything else is left to Python."""

    def __init__(self, modules):
        self.modules = modules

    def find_spec(self, name, path=None, target=None):
        found = self.modules.get(name)
        if found is None:
            return None
        spec = type(sys.__spec__)(name, self, origin=found[0])
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.modules[module.__name__][1], module.__dict__)


def adapted(adapter, name, function):
    wrapper = getattr(adapter, name, None)
    if wrapper is None:
        return function
    return lambda *arguments: wrapper(function, *arguments)


def load(folder, entry, names, adapter_path):
    """The served functions by name; ends the process with a message when there are none."""
    modules, texts = compile_all(folder)
    sys.path.insert(0, folder)
    sys.meta_path.insert(0, CompiledModules(modules))
    if any(b"random" in text for text in texts):
        # Two runs of a candidate must agree, so its random numbers start from a fixed seed.
        import random

        random.seed(0)
    try:
        module = __import__(entry[:-3])
    except BaseException as error:
        fail(*describe(error, folder))
    adapter = None
    if adapter_path:
        adapter = type(sys)("adapter")
        with open(adapter_path, "rb") as file:
            exec(compile(file.read(), adapter_path, "exec", dont_inherit=True), adapter.__dict__)
    functions = {}
    for name in names:
        function = getattr(module, name, None)
        if function is None:
            fail("missing_function", f"{entry} defines no `{name}`")
        if not callable(function):
            fail("missing_function", f"`{name}` in {entry} is a {type(function).__name__}, not a function")
        functions[name] = adapted(adapter, name, function)
    return functions


def answerable(results, errors):
    """Turns each answer that cannot be sent into that call's error, so that the others still count."""
    room = MAX_FRAME // 2 // max(1, len(results))
    for index, value in enumerate(results):
        try:
            size = len(ENCODE(value))
        except BaseException as error:
            errors[str(index)] = ["BadAnswer", f"the answer cannot be sent as JSON: {error}"[:MAX_MESSAGE]]
            results[index] = None
            continue
        if size > room:
            errors[str(index)] = ["BadAnswer", f"the answer has {size} bytes, at most {room} are taken here"]
            results[index] = None


class OverLimit(BaseException):
    """Raised inside a call that has used its CPU time."""


class CpuLimit:
    """Ends a call that uses more CPU time than it may.

    A timer interrupts the call, and the time is read once more after it: a candidate that catches the interruption
    or turns the timer off only takes longer to be found too slow. The clock decides; the timer, which counts in the
    system's ticks, only wakes. System modules without a Python part are used, because they cost nothing to import.
    """

    AGAIN = 0.01
    """Seconds of CPU time between two interruptions of a call that goes on."""

    def __init__(self):
        import _signal
        from time import process_time

        self.signals = _signal
        self.arm = _signal.setitimer
        self.clock = process_time
        self.deadline = float("inf")

    def interrupt(self, *_):
        now = self.clock()
        if now > self.deadline:
            self.deadline = now + self.AGAIN
            raise OverLimit

    def call(self, function, arguments, cpu_ms):
        """The function's value; raises what it raises, or `OverLimit` whatever it did."""
        signals, timer = self.signals, self.signals.ITIMER_PROF
        signals.signal(signals.SIGPROF, self.interrupt)
        end = self.clock() + cpu_ms / 1000
        self.deadline = end
        try:
            try:
                self.arm(timer, cpu_ms / 1000, self.AGAIN)
                return function(*arguments)
            finally:
                self.deadline = float("inf")
                self.arm(timer, 0)
        finally:
            self.deadline = float("inf")
            if self.clock() > end:
                self.arm(timer, 0)
                raise OverLimit


CPU_LIMIT = CpuLimit()


class Watch:
    """What a candidate does to its own process that no honest one needs, told by the exit code.

    It shares that process, so it can hide from this: a finding here is a help to people, never a defence. The relay and
    the sandbox are the defence.
    """

    TOLD = 64
    BUILT_INS, HOST, THREADS, PROCESSES, BENCHMARK, FRAMES = 1, 2, 4, 8, 16, 32
    EVENTS = {"import", "sys._getframe", "gc.get_objects", "gc.get_referrers", "gc.get_referents"}

    def __init__(self, folder):
        import builtins

        self.folder = folder
        self.seen = 0
        self.built_ins = vars(builtins), dict(vars(builtins))
        self.host = globals(), dict(globals())
        sys.addaudithook(self.audit)

    def audit(self, event, arguments):
        if event not in self.EVENTS:
            return
        if event == "import":
            if arguments[0] == "benchmark" or arguments[0] == "hyperagent":
                self.seen |= self.BENCHMARK
            return
        try:
            raise LookupError
        except LookupError as here:
            caller = here.__traceback__.tb_frame.f_back
        # The standard library looks at frames too, for its own good reasons.
        if caller is not None and caller.f_code.co_filename.startswith(self.folder):
            self.seen |= self.FRAMES

    def code(self):
        """The exit code: 0, or the mark and what was seen."""
        seen = self.seen
        for flag, (now, before) in ((self.BUILT_INS, self.built_ins), (self.HOST, self.host)):
            for name, value in before.items():
                if now.get(name) is not value:
                    seen |= flag
        if "hyperagent" in sys.modules:
            seen |= self.BENCHMARK
        if sys.modules["_thread"]._count():
            seen |= self.THREADS
        try:
            while posix.waitpid(-1, posix.WNOHANG)[0]:
                pass
            seen |= self.PROCESSES
        except ChildProcessError:
            pass
        return self.TOLD | seen if seen else 0


def answer(message, functions, folder):
    function, cpu_ms = functions[message["fn"]], message.get("cpu_ms")
    results, errors = [], {}
    for arguments in message["args"]:
        try:
            if cpu_ms is None:
                value = function(*arguments)
            else:
                value = CPU_LIMIT.call(function, arguments, cpu_ms)
            results.append(value)
        except OverLimit:
            errors[str(len(results))] = ["too_slow", f"used more than {cpu_ms} ms"]
            results.append(None)
        except BaseException as error:
            errors[str(len(results))] = describe(error, folder)
            results.append(None)
    reply = {"answer": {"id": message["id"], "results": results, "errors": errors}}
    try:
        text = ENCODE(reply)
    except BaseException:
        text = ""
    if not text or len(text) >= MAX_FRAME:
        answerable(results, errors)
        text = ENCODE(reply)
    return text


def main():
    folder, entry, names, adapter_path = sys.argv[1:5]
    watch = Watch(folder)
    functions = load(folder, entry, names.split(","), adapter_path)
    send('"ready"')
    while True:
        line = read_frame()
        if not line:
            leave(watch.code())
        send(answer(DECODE(line.decode())["call"], functions, folder))


main()
