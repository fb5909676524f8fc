"""One box of the architecture each: its data, permissions and alarms, behind a typed handle."""
