"""The pause of the garbage collector."""

import gc

import pytest

from handlers.domain.collection import paused_collection


def test_the_collector_goes_on_afterwards_as_before() -> None:
    """Whatever happens meanwhile, also where pauses lie within each other."""
    assert gc.isenabled()
    with paused_collection():
        with paused_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="meanwhile"), paused_collection():
        raise ValueError("meanwhile")
    assert gc.isenabled()
