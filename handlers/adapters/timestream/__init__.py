"""Amazon Timestream for LiveAnalytics behind the store's ports."""
