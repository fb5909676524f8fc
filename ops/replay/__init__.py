"""The aggregator and the evaluator over points and a clock that are given."""
