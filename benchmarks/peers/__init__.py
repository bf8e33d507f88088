"""What recording costs beside what others ask for it: `make bench-peers` measures, and writes docs/benchmarks.md.

recorders.py starts each recorder inside a server, server.py is that server, environment.py makes the virtual
environments that the peers are installed into, measure.py runs all servers side by side, table.py writes the tables.
"""
