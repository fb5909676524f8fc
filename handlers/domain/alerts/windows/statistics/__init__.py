"""Parts of statistic sets, a class each: what is kept of values, how it merges, what it answers, how it is stored."""
