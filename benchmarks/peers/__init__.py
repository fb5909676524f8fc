"""The metric writer against what else one would write, each in processes of its own, in turns."""
