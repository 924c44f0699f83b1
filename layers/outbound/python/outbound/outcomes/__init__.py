"""Call outcomes: planned, pulled page by page, analysed, stored, and reported."""
