"""What students write."""


def upper(line):
    """The line in upper case."""
    return line.upper()


def turned(text):
    """The text turned round."""
    return text[::-1]
