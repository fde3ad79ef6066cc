def squeeze_runs(text):
    parts = []
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or text[end] != text[start]:
            count = end - start
            parts.append(text[start])
            if count > 2:
                parts.append(str(count))
            start = end
    return "".join(parts)
