"""Plays snake with the candidate's `next_move`: all games of a block side by side, one call a step for all of them.

A cell is one character, `chr(40 + 10 * row + column)`, and a body is a string of cells with the head first: the
board's rules become string operations and a step's message stays small.
"""

from random import Random

import hyperagent

SIZE = 10
CELLS = SIZE * SIZE
MAX_STEPS = 3 * CELLS
STARVING = 100
LONGEST_START = 12
LONGEST_SCRIPT = 20


def cell(row, column):
    return chr(40 + SIZE * row + column)


def position(of):
    return divmod(ord(of) - 40, SIZE)


def neighbours():
    """For each move, the cell it leads to from each cell; a wall where none is named."""
    steps = {"UP": (-1, 0), "DOWN": (1, 0), "LEFT": (0, -1), "RIGHT": (0, 1)}
    table = {}
    for move, (down, right) in steps.items():
        table[move] = {
            cell(row, column): cell(row + down, column + right)
            for row in range(SIZE)
            for column in range(SIZE)
            if 0 <= row + down < SIZE and 0 <= column + right < SIZE
        }
    return table


MOVES = neighbours()


class Game:
    """One game: the seed fixes where every apple will lie."""

    def __init__(self, seed, layout=None):
        # A text never seeds like a number, so no proposed game is one of a case set.
        self.random = Random(f"proposed {layout['seed']}" if layout else seed)
        self.script = [cell(*at) for at in layout["food"]] if layout else []
        self.body = "".join(cell(*at) for at in layout["start"]) if layout else cell(5, 5)
        self.length = len(self.body)
        self.food = self.place_food()
        self.steps = 0
        self.last_meal = 0
        self.end = None
        self.detail = ""

    @property
    def apples(self):
        return len(self.body) - self.length

    def place_food(self):
        """The next scripted cell that is free; then draws row, then column, until the cell is free: the published
        sequence."""
        while self.script:
            food = self.script.pop(0)
            if food not in self.body:
                return food
        draw, body = self.random.randrange, self.body
        while True:
            food = cell(draw(SIZE), draw(SIZE))
            if food not in body:
                return food

    def question(self):
        return [self.body, self.food]

    def advance(self, move):
        """Plays one step; sets `end` when the game is over."""
        if isinstance(move, hyperagent.CallError):
            self.finish("crash", f"{move.kind} {move.message}")
            return
        table = MOVES.get(move) if isinstance(move, str) else None
        if table is None:
            self.finish("invalid_move", f"next_move gave {shown(move)}; allowed are UP, DOWN, LEFT, RIGHT")
            return
        head = table.get(self.body[0])
        if head is None:
            self.finish("wall", f"{move} from {position(self.body[0])}")
        elif head in self.body:
            self.finish("self", f"{move} from {position(self.body[0])} into its own body of {len(self.body)}")
        elif head == self.food:
            self.body = head + self.body
            self.steps += 1
            self.last_meal = self.steps
            if len(self.body) == CELLS:
                self.finish("win", "the board is full")
            else:
                self.food = self.place_food()
        else:
            self.body = head + self.body[:-1]
            self.steps += 1
        if self.steps == MAX_STEPS and self.end is None:
            hungry = self.steps - self.last_meal
            self.finish("time", f"{hungry} steps without an apple" if hungry >= STARVING else "")

    def finish(self, end, detail):
        self.end = end
        self.detail = detail

    def summary(self):
        words = f"{self.end}: {count(self.apples, 'apple')} in {count(self.steps, 'step')}"
        return f"{words}; {self.detail}" if self.detail else words


def count(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shown(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def run(cases, call_many, call, report):
    games = [(case, Game(case.seed, case.data)) for case in cases]
    alive = [game for _, game in games]
    while alive:
        moves = call_many("next_move", [[game.body, game.food] for game in alive])
        ended = False
        for game, move in zip(alive, moves):
            game.advance(move)
            ended = ended or game.end is not None
        if ended:
            alive = [game for game in alive if game.end is None]
    for case, game in games:
        report(case.id, game.apples, game.summary())


def drawn(game):
    """The board as text: `@` head, `o` body, `*` food."""
    marks = dict.fromkeys(game.body, "o")
    marks[game.food] = "*"
    marks[game.body[0]] = "@"
    border = "+" + "-" * SIZE + "+"
    rows = ["".join(marks.get(cell(row, column), " ") for column in range(SIZE)) for row in range(SIZE)]
    head = f"score {game.apples}  step {game.steps}"
    return "\n".join([head, border, *(f"|{row}|" for row in rows), border])


def cells(value, most, name):
    """A list of distinct cells of the board, each as [row, column]."""
    if not isinstance(value, list) or len(value) > most:
        raise hyperagent.Refused(f"`{name}` must be a list of at most {most} cells")
    for at in value:
        whole = isinstance(at, list) and len(at) == 2 and all(type(number) is int for number in at)
        if not whole or not all(0 <= number < SIZE for number in at):
            raise hyperagent.Refused(f"`{name}` holds {shown(at)}; a cell is [row, column], each 0 to {SIZE - 1}")
    return value


def check(proposal):
    """A proposed game in its one form."""
    if not isinstance(proposal, dict) or set(proposal) - {"seed", "start", "food"}:
        raise hyperagent.Refused("a game is {\"seed\": number, \"start\": cells, \"food\": cells}")
    seed = proposal.get("seed")
    if type(seed) is not int or not 0 <= seed < 1 << 32:
        raise hyperagent.Refused("`seed` must be a whole number from 0 to 4294967295")
    start = cells(proposal.get("start") or [[5, 5]], LONGEST_START, "start")
    food = cells(proposal.get("food") or [], LONGEST_SCRIPT, "food")
    if len({tuple(at) for at in start}) < len(start):
        raise hyperagent.Refused("`start` names a cell twice")
    for (row, column), (below, right) in zip(start, start[1:]):
        if abs(row - below) + abs(column - right) != 1:
            raise hyperagent.Refused("`start` must be a body in one piece, head first")
    body = "".join(cell(*at) for at in start)
    if not any(table.get(body[0]) not in (None, *body) for table in MOVES.values()):
        raise hyperagent.Refused("the head has nowhere to go: nobody can play this game", "contradiction")
    return {"seed": seed, "start": start, "food": food}


def draw(seed):
    """A proposal: a body that wandered, and some scripted apples."""
    random = Random(f"draw {seed}")
    start = [[random.randrange(SIZE), random.randrange(SIZE)]]
    for _ in range(random.randrange(LONGEST_START)):
        row, column = start[-1]
        steps = [[row - 1, column], [row + 1, column], [row, column - 1], [row, column + 1]]
        free = [at for at in steps if at not in start and all(0 <= number < SIZE for number in at)]
        if not free:
            break
        start.append(random.choice(free))
    food = [[random.randrange(SIZE), random.randrange(SIZE)] for _ in range(random.randrange(6))]
    return {"seed": random.randrange(1 << 32), "start": start, "food": food}


def play(case, call):
    game = Game(case.seed, case.data)
    yield drawn(game)
    while game.end is None:
        game.advance(call("next_move", game.question()))
        yield drawn(game)
    yield f"{game.summary()}\napples:{game.apples}"


hyperagent.serve(run, play=play, check=check, draw=draw)
