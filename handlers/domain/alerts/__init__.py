"""Alerts: from the points of a batch to a notification, as pure functions of rules, evidence, state and time."""
