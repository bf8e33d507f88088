"""Long runs that try to break the recorder, or the coursework's tests, each a make target that prints its counts; a
sample of each is a test.

killed.py kills a recorded server, fuzzed.py records generated programs under both engines, scale.py records millions of
calls; pythons.py finds the interpreters that they run with. mutants.py grades written mutants of reference_impl as
students' work, mutants_generated.py those that nobody chose.
"""
