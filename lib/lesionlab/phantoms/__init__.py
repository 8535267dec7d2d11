"""Simulated images with known truth: part of the product, for training where real data is missing and for every test."""
