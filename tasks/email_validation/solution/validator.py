def validate_email(address):
    return "@" in address and "." in address
