"""Alerts: from the points of a batch to a notification, as pure functions of rules, windows, state and time.

Each room imports those before it only: rules; windows, and state beside them; notifications; evaluation.
"""
