"""Runs the training script of an autoresearch repository and prints the lines of its summary.

Argument: the solution. The summary is what follows the last line that begins with `---`; without such a line it is the
whole output. Everything before it goes to standard error, so that a log line cannot be taken for the metric.
"""

import os
import runpy
import sys

KEPT_LINES = 200


class Summary:
    """Standard output that keeps the newest lines of the summary and passes the rest on as a log."""

    encoding = "utf-8"

    def __init__(self, log):
        self.log = log
        self.open = ""
        self.lines = []

    def write(self, text):
        self.log.write(text)
        *whole, self.open = (self.open + text).replace("\r", "\n").split("\n")
        for line in whole:
            self.take(line)
        return len(text)

    def take(self, line):
        self.lines = [] if line.startswith("---") else (self.lines + [line])[-KEPT_LINES:]

    def flush(self):
        self.log.flush()

    def isatty(self):
        return False


def main():
    solution = os.path.abspath(sys.argv[1])
    answers = sys.stdout
    sys.stdout = summary = Summary(sys.stderr)
    sys.argv[:] = [solution]
    sys.path.insert(0, os.path.dirname(solution))
    os.chdir(os.path.dirname(solution))
    try:
        runpy.run_path(solution, run_name="__main__")
    finally:
        summary.take(summary.open)
        sys.stdout = answers
        print("\n".join(summary.lines))


if __name__ == "__main__":
    main()
