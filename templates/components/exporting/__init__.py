"""Exporting: the ledger of hours, the store of exported hours, and the state machine between them."""
