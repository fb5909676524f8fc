"""Names under which moto's serializers look for a member of an answer, found once for each shape and class."""

from moto.core.serialize import AttributePickerContext, XFormedAttributePicker

_possible_keys = XFormedAttributePicker.get_possible_keys


def remember() -> None:
    """Let serializers share the names: moto spells a dozen out for each member of each answer."""
    XFormedAttributePicker.get_possible_keys = _remembered


def _remembered(picker: XFormedAttributePicker, context: AttributePickerContext) -> tuple[str, ...]:
    """The names in moto's order: they depend on the member's shape, its key, and the class of what is serialized."""
    kind = (type(context.obj), context.key)
    known: dict[tuple[type, str], tuple[str, ...]] = context.shape.__dict__.setdefault("_possible_keys", {})
    found = known.get(kind)
    if found is None:
        found = known[kind] = tuple(_possible_keys(picker, context))
    return found
