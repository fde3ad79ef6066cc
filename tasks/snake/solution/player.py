def next_move(snake, food, width, height):
    return "RIGHT"
