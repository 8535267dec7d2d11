"""The workbench: its parts by themselves, and the whole driven in a headless browser against a real server."""
