"""Views of the local run: a live one in a terminal, plain lines elsewhere."""
