"""Amazon Timestream for LiveAnalytics on this machine: its wire protocol over DuckDB."""
