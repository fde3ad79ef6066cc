def spiral(matrix):
    """Takes the first row, turns the rest to the left, and goes on."""
    path = []
    while matrix:
        path += matrix[0]
        matrix = [list(column) for column in zip(*matrix[1:])][::-1]
    return path
