"""Kinesis Data Streams: order, limits and resharding, in front of moto's streams."""
