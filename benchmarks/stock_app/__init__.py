"""A MONAI Label app made the usual way, to compare with: one BasicInferTask around the same network."""
