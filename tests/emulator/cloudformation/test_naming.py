"""Physical ids."""

import re

from hypothesis import given
from hypothesis import strategies as st

from emulator.cloudformation.naming import physical_name, unique_id

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,80}", fullmatch=True)


@given(NAMES, NAMES, st.sampled_from([63, 64, 80, 128, 255]))
def test_names_have_cloudformations_form_and_fit(stack: str, logical: str, longest: int) -> None:
    """A name is stack, logical id and twelve characters, cut to what the service takes."""
    name = physical_name(stack, logical, longest=longest)
    assert len(name) <= longest
    assert re.search(r"-[A-Z0-9]{12}$", name)
    if len(stack) + len(logical) + 14 <= longest:
        assert name.startswith(f"{stack}-{logical}-")


def test_names_are_the_same_each_time_and_differ_by_region() -> None:
    """The same stack gets the same names at every start; another region's differ, as roles and buckets are global."""
    first = physical_name("metrics-dev", "Stream", seed="us-east-1")
    assert first == physical_name("metrics-dev", "Stream", seed="us-east-1")
    assert first != physical_name("metrics-dev", "Stream", seed="eu-west-1")
    assert physical_name("A", "B", lower=True).islower()


def test_ids_are_made_of_their_seed() -> None:
    """An id has the form of a UUID, or the length asked for."""
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", unique_id("a"))
    assert unique_id("a", length=10) == unique_id("a", length=10) != unique_id("b", length=10)
