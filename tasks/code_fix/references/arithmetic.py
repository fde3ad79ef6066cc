def arithmetic(text):
    """Products first: a running sum, and the product that may still grow."""
    tokens = text.split()
    total, product = 0, int(tokens[0])
    for sign, number in zip(tokens[1::2], tokens[2::2]):
        if sign == "*":
            product *= int(number)
        else:
            total += product
            product = int(number) if sign == "+" else -int(number)
    return total + product
