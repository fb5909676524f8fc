"""Text for a terminal, in which nothing that clients wrote can move the cursor."""

from datetime import UTC, datetime


def sanitize(text: str) -> str:
    """The text without control characters, line breaks included: metric names come from clients."""
    return "".join(character if character.isprintable() else "�" for character in text)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 row", "2 rows"."""
    return f"{number} {noun}{'' if number == 1 or noun.endswith('s') else 's'}"


def moment(seconds: float) -> str:
    """A time in seconds of the epoch, as UTC's date and time of day."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def time_of_day(seconds: float) -> str:
    """A time in seconds of the epoch, as UTC's time of day, for what is near."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S} UTC"
