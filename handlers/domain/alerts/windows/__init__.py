"""Windows: the points of a batch aggregated by selection, period and group, as the windows table keeps them."""
