"""`ops rules backtest`: what rules would have done with the points of the past, beside the rules in force."""
