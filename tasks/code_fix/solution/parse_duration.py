SECONDS = {"h": 3600, "m": 60, "s": 1}


def parse_duration(text):
    total = 0
    number = 0
    for mark in text:
        if mark in SECONDS:
            total -= number * SECONDS[mark]
            number = 0
        else:
            number = number * 10 + int(mark)
    return total
