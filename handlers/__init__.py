"""The code that runs in Lambda. Entry points here; the domain in `domain`; AWS in `adapters`."""
