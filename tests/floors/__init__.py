"""The real stack with some of its floors taken out and ours put in: what tests/test_swap_floors.py builds and talks to.

stack.py says which floors there are, names.py gives ours the originals' names and the reverse, serve.py is the program
that serves one combination, play.py runs it and talks to it, scripts.py and frames.py are what is said and what must
come back, wires.py reads what a recording saw of it.
"""
