"""The specification: each test states one behaviour."""
