"""Why a network answered as it did, and whether that can be believed. Knows tensors, no images and no geometry."""
