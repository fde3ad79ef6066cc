LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def day_of_year(year, month, day):
    number = sum(LENGTHS[: month - 1]) + day
    leap = year % 4 == 0 and year % 100 != 0 and year % 400 == 0
    if leap and month > 2:
        number += 1
    return number
