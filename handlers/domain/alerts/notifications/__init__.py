"""Notifications: their text, their way through the outbox, and the pages the state machine publishes."""
