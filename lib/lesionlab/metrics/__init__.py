"""Measures of masks and models, on arrays; what MONAI or scikit-learn have right is not written again here."""
