"""`ops store copy`: the history of a Timestream environment, hour by hour into a lake beside it."""
