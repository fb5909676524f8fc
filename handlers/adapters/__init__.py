"""AWS behind the ports of the domain; errors are translated here, once."""
