"""The export hours table: ledger, marks, cleanup and the rate of UNLOADs."""
