"""The dashboard: a page that an operator leaves open, and its data as JSON, of the state table alone."""
