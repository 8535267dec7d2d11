"""What the network is compared with: each peer takes the same volume, click and size and gives a mask."""
