def until(year):
    return year // 4 - year // 100 + year // 400


def leap_days(first, last):
    return until(last) - until(first - 1)
