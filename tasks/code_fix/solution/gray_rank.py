def gray_rank(code):
    """The code of a rank, where the rank of a code is asked for."""
    return code ^ (code >> 1)
