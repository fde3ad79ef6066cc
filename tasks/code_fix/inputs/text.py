"""Inputs of the problems about text and parsing."""

from inputs.problem import Problem

WORDS = "a an of oak pine maple river stone bridge lantern harbour mountain thunder".split()
PAIRS = {"(": ")", "[": "]", "{": "}"}


def wrap_words(draw):
    words = draw.choices(WORDS, k=draw.randint(4, 14))
    return [" ".join(words), draw.randint(5, 24)]


def squeeze_runs(draw):
    return ["".join(draw.choice("abc") * draw.choice((1, 1, 2, 2, 3, 11)) for _ in range(draw.randint(1, 8)))]


def balanced(draw):
    """Mostly balanced text; one mark may be dropped, added or changed."""
    marks, open_marks = [], []
    for _ in range(draw.randint(2, 14)):
        if open_marks and draw.random() < 0.5:
            marks.append(PAIRS[open_marks.pop()])
        else:
            marks.append(draw.choice("([{"))
            open_marks.append(marks[-1])
    marks += [PAIRS[mark] for mark in reversed(open_marks)]
    at = draw.randrange(len(marks))
    harm = draw.choice(("none", "none", "drop_last", "drop", "add", "change"))
    if harm == "drop_last":
        marks.pop()
    elif harm == "drop":
        marks.pop(at)
    elif harm == "add":
        marks.insert(at, draw.choice("([{)]}"))
    elif harm == "change":
        marks[at] = draw.choice("([{)]}")
    return ["x".join(marks)]


def roman_value(draw):
    number, text = draw.randint(1, 3999), ""
    steps = zip((1000, 100, 10, 1), ("M", "CDM", "XLC", "IVX"))
    for size, marks in steps:
        digit, number = divmod(number, size)
        if size == 1000:
            text += "M" * digit
        else:
            one, five, ten = marks
            shapes = ("", "1", "11", "111", "15", "5", "51", "511", "5111", "1T")
            text += shapes[digit].replace("1", one).replace("5", five).replace("T", ten)
    return [text]


def text_columns(draw):
    width = draw.randint(1, 4)
    return [[[draw.choice(WORDS + [""]) for _ in range(width)] for _ in range(draw.randint(1, 5))]]


def parse_duration(draw):
    marks = [mark for mark in "hms" if draw.random() < 0.7] or ["m"]
    return ["".join(f"{draw.choice((0, 5, 10, 45, 59, 120))}{mark}" for mark in marks)]


def arithmetic(draw):
    numbers = [str(draw.randint(0, 12)) for _ in range(draw.randint(2, 7))]
    return [" ".join(f"{number} {draw.choice('+-**')}" for number in numbers) + f" {draw.randint(1, 9)}"]


def csv_fields(draw):
    fields = []
    for _ in range(draw.randint(1, 5)):
        field = "".join(draw.choices('ab ,"', k=draw.randint(0, 5)))
        quoted = "," in field or '"' in field or draw.random() < 0.3
        fields.append('"' + field.replace('"', '""') + '"' if quoted else field)
    return [",".join(fields)]


def version_order(draw):
    first = [draw.choice((0, 1, 2, 9, 10, 11, 100)) for _ in range(draw.randint(1, 4))]
    second = list(first)
    for _ in range(draw.randint(0, 2)):
        second[draw.randrange(len(second))] = draw.choice((0, 1, 2, 9, 10, 11, 100))
    second += [0] * draw.randint(0, 2)
    return [".".join(map(str, numbers)) for numbers in draw.sample((first, second), 2)]


PROBLEMS = [
    Problem(
        "wrap_words",
        [["to be or not to be", 9], ["", 5], ["one", 3]],
        [["aa bb cc dd", 5], ["enormously big", 4], ["  a   b  ", 3]],
        wrap_words,
        offline=True,
    ),
    Problem(
        "squeeze_runs",
        [["aab"], [""], ["aaaa"]],
        [["zz"], ["x"], ["abbcccdddd"]],
        squeeze_runs,
        offline=True,
    ),
    Problem("balanced", [["(()"], ["{[]}()"], ["([)]"]], [["{[("], [")"], ["[a]{b}(c)"]], balanced, offline=True),
    Problem("roman_value", [["III"], ["XIV"], ["MMXXVI"]], [["CCC"], ["I"], ["MCMXCIV"]], roman_value, offline=True),
    Problem(
        "text_columns",
        [[[["id", "name"], ["7", "lamp"], ["12", "candle"]]], [[]], [[["alone"]]]],
        [[[["a", "bb", "c"], ["ddd", "e", "f"]]], [[["", "x"], ["yy", ""]]], [[["x", "y"], ["x", "y"]]]],
        text_columns,
        offline=True,
    ),
    Problem("parse_duration", [["1h30m"], ["0s"], ["90s"]], [["100m"], ["5h"], ["2h5m10s"]], parse_duration, offline=True),
    Problem("arithmetic", [["2 + 3 * 4"], ["7"], ["10 - 2 - 3"]], [["2 * 3 - 4 * 5"], ["0"], ["1 - 1 * 0 + 8"]], arithmetic),
    Problem(
        "csv_fields",
        [['a,"b,c",d'], [""], ['"say ""hi"""']],
        [['"",x'], ["a,,b,"], ['"a""b,",c']],
        csv_fields,
    ),
    Problem(
        "version_order",
        [["1.10", "1.9"], ["2.0", "2"], ["1.2.3", "1.2.3"]],
        [["1.0.0", "1"], ["0.9", "0.10"], ["3", "2.99.99"]],
        version_order,
    ),
]
