"""Runs a benchmark program of the protocol `metric-line` as if it had been started by hand in the task's folder.

Arguments: the program, then its own. `{scratch}` in them stands for the folder that may be written, which is the current
one when this starts; temporary files and caches go there too. The program runs as the real `__main__`, so that what it
defines can be found again by name (`pickle`, `multiprocessing`, `dataclasses`).
"""

import os
import sys


def prepare():
    scratch = os.getcwd()
    os.environ["TMPDIR"] = os.environ["HOME"] = scratch
    program = sys.argv[1]
    sys.argv[:] = [program] + [text.replace("{scratch}", scratch) for text in sys.argv[2:]]
    sys.path[0] = os.path.dirname(program)
    os.chdir(sys.path[0])
    with open(program, "rb") as file:
        return program, compile(file.read(), program, "exec", dont_inherit=True)


__file__, code = prepare()
__doc__ = None
exec(code, globals())
