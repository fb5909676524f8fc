"""The bill of a region: its generated templates, priced by a dated table, idle and under a load."""
