"""The test suites of flask-sock, simple-websocket and wsproto, run against reference_impl: `make upstream-tests`.

fetch.py gets their source distributions, names.py gives ours the originals' names, plugin.py puts these in place inside
pytest, verdict.py holds the outcome against not_applicable.toml, run.py does all of it. Nothing of theirs is kept here.
"""
