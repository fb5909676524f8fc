"""Points of the past as rules need them: read from the store or from the exported hours, slice after slice."""
