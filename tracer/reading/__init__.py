"""The half that reads a trace: calls, chains, fields, links. It works from the file alone.

Nothing here imports a traced library, and nothing here needs one installed.
"""
