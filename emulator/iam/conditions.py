"""Conditions of statements: the operators and the keys that are evaluated here."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from ipaddress import ip_address, ip_network

KEYS = frozenset(
    {
        "aws:principalarn", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn", "aws:sourceip",
        "aws:sourceowner",
        "kms:encryptioncontext:aws:logs:arn", "kms:grantisforawsresource", "kms:viaservice",
        "lambda:functionurlauthtype", "lambda:invokedviafunctionurl", "s3:resourceaccount",
    }
)  # fmt: skip
"""The keys that policies may speak of, in small letters; sources and the logs' context are of services alone."""


def matches(pattern: str, text: str) -> bool:
    """True if a text is what a pattern with `*` and `?` means."""
    return pattern in {"*", text} or _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": matches,  # identical to ArnLike, as AWS says
    "ArnLike": matches,
    "ArnNotLike": lambda wanted, value: not matches(wanted, value),
    "IpAddress": lambda wanted, value: ip_address(value) in ip_network(wanted),
    "NotIpAddress": lambda wanted, value: ip_address(value) not in ip_network(wanted),
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": matches,
}
"""Each operator: what the policy says, and what the request has.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""


def hold(conditions: tuple[tuple[str, str, tuple[str, ...]], ...], context: Mapping[str, str]) -> bool:
    """True if every condition is met; a key that the request does not have meets those alone that deny a match."""
    return all(
        (all if "Not" in operator else any)(OPERATORS[operator](wanted, context[key]) for wanted in values)
        if key in context
        else "Not" in operator
        for operator, key, values in conditions
    )
