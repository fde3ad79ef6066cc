MARKS = "0123456789abcdefghijklmnopqrstuvwxyz"


def digits_in_base(number, base):
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = MARKS[digit] + digits
    return digits
