"""How fast, how much, against what."""
