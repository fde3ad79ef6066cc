"""How the calls look to the player: cells arrive as one character each and become (row, column) tuples."""

CELLS = {chr(40 + cell): divmod(cell, 10) for cell in range(100)}


def next_move(player, body, food):
    return player([CELLS[cell] for cell in body], CELLS[food], 10, 10)
