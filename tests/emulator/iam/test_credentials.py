"""Temporary credentials of roles."""

from emulator.iam.credentials import OPERATOR, IssuedCredentials

ROLE = "arn:aws:iam::123456789012:role/path/writer"


def test_a_role_is_known_by_its_key_and_token() -> None:
    """Each session has its own pair, the same one each time; a wrong or missing token is nobody's."""
    issued = IssuedCredentials()
    writer = issued.issue(ROLE, "writer")
    assert issued.issue(ROLE, "writer") is writer
    assert issued.issue(ROLE, "other").access_key != writer.access_key
    assert issued.find(writer.access_key, writer.session_token) is writer
    assert issued.find(writer.access_key, "other") is None
    assert issued.find(writer.access_key, None) is None
    assert issued.find("ASIA0000000000000000", "t") is None


def test_every_other_key_is_the_operators() -> None:
    """Dummy credentials are an administrator's, whatever they are."""
    for key in ("local", "AKIAIOSFODNN7EXAMPLE", ""):
        assert IssuedCredentials().find(key, None) is OPERATOR


def test_the_caller_is_named_as_in_awss_messages() -> None:
    """The role without its path, and the session."""
    caller = IssuedCredentials().issue(ROLE, "metrics")
    assert caller.arn == "arn:aws:sts::123456789012:assumed-role/writer/metrics"
