"""API Gateway: a REST API served as its own template describes it."""
