def csv_fields(line):
    """Two states, inside quotes and outside; inside, a doubled quote is one quote."""
    fields, field, quoted = [], "", False
    at = 0
    while at < len(line):
        mark = line[at]
        if quoted and line[at : at + 2] == '""':
            field += '"'
            at += 1
        elif mark == '"':
            quoted = not quoted
        elif mark == "," and not quoted:
            fields.append(field)
            field = ""
        else:
            field += mark
        at += 1
    return [*fields, field]
