def text_columns(rows):
    widths = []
    for column in zip(*rows):
        widths.append(min(map(len, column)))
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        lines.append("  ".join(cells).rstrip())
    return lines
