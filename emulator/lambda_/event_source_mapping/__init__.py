"""Event source mappings: streams polled, batched, retried and given up as Lambda does it."""
