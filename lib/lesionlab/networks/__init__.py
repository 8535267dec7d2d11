"""Network definitions and their weights files."""
