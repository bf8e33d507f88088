"""Record any program from the socket up, and follow its values.

`tracer.recording` runs inside the traced process (standard library only), `tracer.reading` works from the
trace file alone, `tracer.scenarios` holds our own programs with their scripted clients and is the only part
that knows Flask-Sock.
"""
