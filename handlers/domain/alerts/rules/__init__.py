"""Alert rules: what they say, how they are read, and which points they ask for."""
