"""Where the source behind a link is found: each file here knows one place, `nearest.py` asks them in order."""
