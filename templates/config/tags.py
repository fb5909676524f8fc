"""The user's own tags."""

from templates.config.checks import Check, table_of, text

LOGICAL_ID = "LogicalId"
OWN_TAGS = ("Project", "Environment", "ManagedBy", LOGICAL_ID)
_OWN_IN_ANY_CASE = frozenset(name.lower() for name in OWN_TAGS)
_TAG_TEXT = r"[A-Za-z0-9 _.:/=+@-]"
TAG_KEY = Check(
    lambda value: (
        text(_TAG_TEXT + "{1,128}", "").accepts(value)
        and not value.lower().startswith("aws:")
        and value.lower() not in _OWN_IN_ANY_CASE
    ),
    f"1 to 128 letters, digits, spaces and _.:/=+@-, not aws:…, not {', '.join(OWN_TAGS)} in any case",
    {"type": "string", "pattern": f"^{_TAG_TEXT}{{1,128}}$"},
)
TAG_VALUE = text(_TAG_TEXT + "{0,256}", "at most 256 letters, digits, spaces and _.:/=+@-")


def tags_check() -> Check:
    """The user's own tags: AWS takes 50 to a resource, and four are ours.

    A role cannot have two whose keys differ by case only: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    table = table_of(TAG_KEY, TAG_VALUE, most=40)
    return Check(
        lambda value: table.accepts(value) and len({key.lower() for key in value}) == len(value),
        f"{table.allowed}; no two keys that differ by case only",
        table.schema,
        table.entries,
    )
