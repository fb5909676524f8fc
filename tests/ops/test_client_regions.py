"""What regions lack of each other's tokens."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from ops.client_regions import missing
from ops.client_tokens import ClientToken, Tokens

NOW_S = 1_000
ENDS_S = st.none() | st.integers(NOW_S - 2, NOW_S + 2)
REGIONS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.dictionaries(st.sampled_from("wxyz"), ENDS_S),
    min_size=1,
).map(
    lambda regions: {
        region: Tokens(
            tuple(ClientToken(name, f"of-{name}", 1, end_s) for name, end_s in held.items()), NOW_S
        )
        for region, held in regions.items()
    }
)


def brought(tokens: Mapping[str, Tokens]) -> dict[str, Tokens]:
    """The regions once they have what they lacked."""
    return {
        region: Tokens(
            tuple(
                {
                    **{one.hashed: one for one in tokens[region].every},
                    **{one.hashed: one for one in lacked},
                }.values()
            ),
            NOW_S,
        )
        for region, lacked in missing(tokens).items()
    }


@given(REGIONS)
def test_what_is_missing_makes_the_valid_tokens_the_same_everywhere(tokens: Mapping[str, Tokens]) -> None:
    """And then nothing is."""
    after = brought(tokens)
    assert len({frozenset(found.valid) for found in after.values()}) == 1
    assert not any(missing(after).values())


@given(REGIONS)
def test_a_token_that_is_over_anywhere_is_over_everywhere(tokens: Mapping[str, Tokens]) -> None:
    """None comes back, and none is valid for longer than before."""
    ends = {
        one.hashed: min(
            other.expires_at_s
            for found in tokens.values()
            for other in found.every
            if other.hashed == one.hashed and other.expires_at_s is not None
        )
        for found in tokens.values()
        for one in found.every
        if one.expires_at_s is not None
    }
    for found in brought(tokens).values():
        for one in found.valid:
            assert one.expires_at_s == ends.get(one.hashed)


@given(REGIONS)
def test_no_region_gets_a_token_that_is_over_and_that_it_never_had(tokens: Mapping[str, Tokens]) -> None:
    """Nobody could use it."""
    for region, lacked in missing(tokens).items():
        held = {one.hashed for one in tokens[region].every}
        assert all(one.hashed in held or one in Tokens((one,), NOW_S).valid for one in lacked)
