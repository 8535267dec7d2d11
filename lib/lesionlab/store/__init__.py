"""What is kept on disk: cases and how they are divided."""
