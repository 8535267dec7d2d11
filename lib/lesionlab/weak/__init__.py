"""Cheap marks of radiologists: how they are read, and what a network may learn from them."""
