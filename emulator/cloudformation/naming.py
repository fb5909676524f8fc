"""Physical ids in CloudFormation's style, the same for the same stack each time."""

import hashlib
import string

_ALPHABET = string.ascii_uppercase + string.digits


def physical_name(
    stack_name: str, logical_id: str, *, seed: str = "", longest: int = 255, lower: bool = False
) -> str:
    """The name `<stack>-<logical id>-<12 characters>`, its parts cut evenly where it would be longer than allowed.

    The characters follow from the names and the seed, so that two regions never share a name.
    """
    suffix = _suffix(f"{seed}/{stack_name}/{logical_id}")
    room = longest - len(suffix) - 2
    stack, logical = stack_name, logical_id
    if len(stack) + len(logical) > room:
        half = room // 2
        stack = stack[: max(half, room - len(logical))]
        logical = logical[: room - len(stack)]
    name = f"{stack}-{logical}-{suffix}"
    return name.lower() if lower else name


def unique_id(seed: str, *, length: int = 36) -> str:
    """Hexadecimal digits in the form of a UUID (36), or as many as asked for, derived from `seed`."""
    digest = hashlib.sha256(seed.encode()).hexdigest()
    if length == 36:
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    return digest[:length]


def _suffix(seed: str) -> str:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:12])
    letters = []
    for _ in range(12):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)
