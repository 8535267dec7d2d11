"""A reader who does anything at any time, and what must hold whatever they do."""
