"""The demo: a simulated chest CT, a server, one click, a picture of what came back."""
