"""A client of Tidegauge's ingest API: `Client(url).record(name, value)`; it needs the standard library alone."""

from tidegauge_client.client import Client
from tidegauge_client.connection import Connection
from tidegauge_client.reply import Reply
from tidegauge_client.settings import GATEWAY, NOT, STREAM
from tidegauge_client.signing import Sign, bearer, sigv4, unsigned
from tidegauge_client.stats import Settled, Stats

__all__ = [
    "GATEWAY",
    "NOT",
    "STREAM",
    "Client",
    "Connection",
    "Reply",
    "Settled",
    "Sign",
    "Stats",
    "bearer",
    "sigv4",
    "unsigned",
]
