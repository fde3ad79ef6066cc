PAIRS = {")": "(", "]": "[", "}": "{"}


def balanced(text):
    stack = []
    for mark in text:
        if mark in PAIRS.values():
            stack.append(mark)
        elif mark in PAIRS:
            if not stack or stack.pop() != PAIRS[mark]:
                return False
    return True
