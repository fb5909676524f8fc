"""Java regular expressions as DuckDB's RE2 has them: the part where both mean the same, anything else refused."""

import re

_SAME_ESCAPES = set("dDwWsSbB.\\*+?()[]{}|^$-/\"'# ")
_CONTROL = {"t": "\\t", "n": "\\n", "r": "\\r", "f": "\\f"}
_PART = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|.", re.DOTALL)
_ANCHORS = ("\\b", "\\B", "^", "$")
_NO_LINE_END = "[^\\n\\r\\x{85}\\x{2028}\\x{2029}]"


class UnsupportedPattern(Exception):  # noqa: N818 - says which part; becomes an InvalidQueryError at once
    """A part of a pattern that RE2 lacks or reads differently."""


def translate(pattern: str) -> str:
    """A pattern for RE2; UnsupportedPattern when it has a part that is not known to mean the same."""
    flags = _flags(pattern)
    parts = [f"(?{flags})" if flags else ""]
    any_character = "." if "s" in flags else _NO_LINE_END
    index = len(flags) + 3 if flags else 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            parts.append(_escape(pattern[index + 1 : index + 2]))
            index += 2
        elif character == "[":
            end = _class_end(pattern, index)
            parts.append(_character_class(pattern[index : end + 1]))
            index = end + 1
        elif character == "(" and pattern[index + 1 : index + 2] == "?":
            if pattern[index : index + 3] != "(?:":
                raise UnsupportedPattern(pattern[index : index + 3])
            parts.append("(?:")
            index += 3
        else:
            parts.append(any_character if character == "." else character)
            index += 1
    whole = "".join(parts)
    _check_quantifiers(pattern)
    try:
        re.compile(whole.replace("\\x{", "\\\\x{"))
    except re.error as error:
        raise UnsupportedPattern(str(error)) from error
    return whole


def matches_nothing(pattern: str) -> bool:
    """True if a pattern can match the empty string, where replacing and splitting differ between engines."""
    without_anchors = _PART.sub(lambda part: "" if part[0] in _ANCHORS else part[0], pattern)
    try:
        return re.compile(without_anchors).match("") is not None
    except re.error:
        return True


def groups(pattern: str) -> int:
    """The number of a pattern's capturing groups."""
    return re.compile(pattern).groups


def anchored_at_end(pattern: str) -> bool:
    """True if $ occurs, which in Java also matches before a last line end; with (?m) it does so everywhere."""
    return "m" not in _flags(pattern) and "$" in re.sub(r"\\.|\[[^\]]*\]", "", pattern)


def _flags(pattern: str) -> str:
    """The flags that a pattern begins with: i, which ignores case in every script, m and s."""
    match = re.match(r"\(\?([ims]+)\)", pattern)
    return match[1] if match else ""


def _escape(character: str) -> str:
    if character in _CONTROL:
        return _CONTROL[character]
    if character == "" or character not in _SAME_ESCAPES:
        raise UnsupportedPattern("\\" + character)
    if character == "s":
        return "[ \\t\\n\\x0B\\f\\r]"
    return "[^ \\t\\n\\x0B\\f\\r]" if character == "S" else "\\" + character


def _class_end(pattern: str, opening: int) -> int:
    index = opening + 1 + (pattern[opening + 1 : opening + 2] == "^")
    while index < len(pattern) and pattern[index] != "]":
        index += 2 if pattern[index] == "\\" else 1
    if index >= len(pattern):
        raise UnsupportedPattern("[ without ]")
    return index


def _character_class(text: str) -> str:
    inner = text[1:-1]
    if inner in ("", "^") or "[" in inner or "&&" in inner:
        raise UnsupportedPattern(text)
    for escaped in re.findall(r"\\(.)", inner, re.DOTALL):
        if escaped in "bBsS" or (escaped not in _CONTROL and escaped not in _SAME_ESCAPES):
            raise UnsupportedPattern("\\" + escaped)
    return text


def _check_quantifiers(pattern: str) -> None:
    plain = re.sub(r"\\.|\[(?:\\.|[^\]])*\]", "x", pattern, flags=re.DOTALL)
    possessive = re.search(r"[*+?}]\+", plain)
    if possessive:
        raise UnsupportedPattern(possessive.group())
    for low, high in re.findall(r"\{([0-9]+)(?:,([0-9]*))?\}", plain):
        if int(low) > 1000 or (high and int(high) > 1000):
            raise UnsupportedPattern("more than 1000 repetitions")
