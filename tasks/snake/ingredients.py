"""Building blocks for snake players, for the offline optimiser.

A function whose name starts with `_` is a piece: the optimiser inserts the statements of its body somewhere into a
function of the solution where the names it mentions exist. Its parameters are the names it expects; a line `...` is a
gap that is filled by other pieces; the words of its name and docstring are compared with the classes of failures.
Everything else here is a helper that comes along when a piece mentions it. No piece plays the game.
"""

STEPS = {"UP": (-1, 0), "DOWN": (1, 0), "LEFT": (0, -1), "RIGHT": (0, 1)}


def ahead(cell, move):
    """The cell one step from `cell`."""
    down, right = STEPS[move]
    return (cell[0] + down, cell[1] + right)


def inside(cell, width, height):
    """Whether a cell is on the board."""
    return 0 <= cell[0] < height and 0 <= cell[1] < width


def distance(a, b):
    """The number of steps between two cells on an empty board."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def is_free(cell, snake, width, height):
    """Whether a cell is on the board and not part of the snake."""
    return inside(cell, width, height) and cell not in snake


def open_sides(cell, snake, width, height):
    """How many cells next to a cell are free."""
    return sum(is_free(ahead(cell, move), snake, width, height) for move in STEPS)


def reachable(cell, snake, width, height, limit):
    """How many free cells can be reached from a cell, counted up to a limit."""
    seen = {cell, *snake}
    queue = [cell]
    for current in queue:
        if len(queue) >= limit:
            break
        for move in STEPS:
            following = ahead(current, move)
            if following not in seen and inside(following, width, height):
                seen.add(following)
                queue.append(following)
    return len(queue)


def _compare_moves(snake, food, width, height):
    """Give each move a score and take the highest."""
    best, best_score = "RIGHT", None
    for move in STEPS:
        cell = ahead(snake[0], move)
        score = 0
        ...
        if best_score is None or score > best_score:
            best, best_score = move, score
    return best


def _not_here(cell, snake, width, height):
    """Leave out a cell that is a wall or the snake itself."""
    if not is_free(cell, snake, width, height):
        continue


def _nearer(score, cell, food):
    """Towards food, against starving and running out of time."""
    score -= distance(cell, food)


def _nearer_tail(score, cell, snake):
    """Towards the own tail, out of the way of the body."""
    score -= distance(cell, snake[-1])


def _avoid_self(score, cell, snake):
    """Against running into itself."""
    if cell in snake:
        score -= 50


def _avoid_wall(score, cell, width, height):
    """Against leaving the board at a wall."""
    if not inside(cell, width, height):
        score -= 50


def _avoid_corner(score, cell, snake, width, height):
    """Against dead ends."""
    if open_sides(cell, snake, width, height) < 1:
        score -= 20


def _prefer_open(score, cell, snake, width, height):
    """Towards cells with free neighbours."""
    score += open_sides(cell, snake, width, height)


def _prefer_room(score, cell, snake, width, height):
    """Against rooms too small for the snake itself."""
    if reachable(cell, snake, width, height, len(snake)) < len(snake):
        score -= 20


def _prefer_centre(score, cell, width, height):
    """Towards the middle of the board."""
    score -= 0.1 * distance(cell, (height // 2, width // 2))


def _keep_straight(score, move, snake):
    """Go on in the same direction."""
    if len(snake) > 1 and snake[0] == ahead(snake[1], move):
        score += 0.5
