"""Every reach into moto: its services called in process, its clock, its streams, its interpreter of state machines.

Whoever brings a new version of moto reads this folder, and no other.
"""

ACCOUNT_ID = "123456789012"
"""The account every local resource belongs to; it is the one moto gives unknown credentials."""
