"""``python -m unmagic`` is the same as ``unmagic``."""

from .cli import main

if __name__ == "__main__":
    main()
