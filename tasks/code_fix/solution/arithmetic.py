def arithmetic(text):
    """Adds, subtracts and multiplies from left to right."""
    tokens = text.split()
    value = int(tokens[0])
    for sign, number in zip(tokens[1::2], tokens[2::2]):
        if sign == "+":
            value += int(number)
        elif sign == "-":
            value -= int(number)
        else:
            value *= int(number)
    return value
