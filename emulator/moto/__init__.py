"""Every reach into moto: its services called in process, its clock, its interpreter of state machines."""
