"""Alerts: from the points of a batch to a notification, as pure functions of rules, windows, state and time."""
