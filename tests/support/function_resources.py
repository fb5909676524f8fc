"""The names of the resources that functions are tested with."""

REGISTRY = "dimensions"
HOURS = "export-hours"
BUCKET = "quarantine-bucket"
