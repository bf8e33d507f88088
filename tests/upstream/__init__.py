"""The original libraries' own test suites. `make upstream-tests` runs those of flask-sock, simple-websocket and wsproto
against reference_impl; `make upstream-traced` runs those and h11's and Werkzeug's recorded and not.

fetch.py gets their source distributions. names.py gives ours the originals' names, plugin.py puts these in place inside
pytest, verdict.py holds the outcome against not_applicable.toml, run.py does all of it. traced.py runs each suite with
the recorder around it; outcome.py, offline.py and children.py are what it needs inside pytest. Nothing of theirs is
kept here.
"""
