"""Runs the generated stack on this machine, with no account and no cloud. Never shipped to Lambda."""
