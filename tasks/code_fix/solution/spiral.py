def spiral(matrix):
    """Walks around the border only."""
    if len(matrix) == 1:
        return matrix[0]
    if len(matrix[0]) == 1:
        return [row[0] for row in matrix]
    right = [row[-1] for row in matrix[1:-1]]
    left = [row[0] for row in matrix[1:-1]]
    return matrix[0] + right + matrix[-1][::-1] + left[::-1]
