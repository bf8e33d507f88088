"""The grader: holds a report against what really ran, link by link and hop by hop.

Imports `tracer.reading` and `report.view` only; what it found is one frozen `Result`, which faces and emitters show.
"""
