"""The store of a deployment's points as commands ask it: one port, and an adapter for each kind of store."""
