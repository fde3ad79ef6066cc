def gray_rank(code):
    """Each bit of the rank is the parity of the code's bits from there up."""
    rank = 0
    while code:
        rank ^= code
        code >>= 1
    return rank
