"""A class: many submissions, graded at once and each for itself, by threads here or by an engine elsewhere.

hand_ins.py finds them, supervised.py grades one in a process of its own, engines.py says where those processes run,
run.py writes each result as it comes (ledger.py), and page.py and gradebook files are made from those.
"""
