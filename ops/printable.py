"""Text from clients, made fit for an operator's terminal."""


def printable(text: str) -> str:
    """The text without control characters: metric names come from clients."""
    return "".join(character if character.isprintable() else "�" for character in text)
