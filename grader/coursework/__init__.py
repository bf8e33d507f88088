"""Grading a reimplementation: staged tests that talk to the student's own process, over TCP or in JSON lines.

A *place* runs the processes of a submission (place.py; plain.py is the one without a sandbox), `grade` asks them what
the stages of an assignment say, and what came of it is one frozen `Outcome` (outcome.py). Nothing of a submission is
ever imported here, and nothing that it writes is taken for a result.
"""
