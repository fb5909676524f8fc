"""The code that runs in Lambda. Entry points here; the domain in `metrics`; AWS in `adapters`."""
