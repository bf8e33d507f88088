"""From `src/*.py` to the committed notebooks: read, run, tidy, cut the solutions, write. One small file a step."""
