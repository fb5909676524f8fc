"""The user's own tags."""

from templates.config.checks import Check, table_of, text

OWN_TAGS = ("Project", "Environment", "ManagedBy")
_TAG_TEXT = r"[A-Za-z0-9 _.:/=+@-]"
TAG_KEY = Check(
    lambda value: (
        text(_TAG_TEXT + "{1,128}", "").accepts(value)
        and not value.lower().startswith("aws:")
        and value not in OWN_TAGS
    ),
    f"1 to 128 letters, digits, spaces and _.:/=+@-, not aws:…, not {', '.join(OWN_TAGS)}",
)
TAG_VALUE = text(_TAG_TEXT + "{0,256}", "at most 256 letters, digits, spaces and _.:/=+@-")


def tags_check() -> Check:
    """The user's own tags: AWS takes 50 to a resource, and three are ours."""
    return table_of(TAG_KEY, TAG_VALUE, most=40)
