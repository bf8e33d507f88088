"""``python -m unmagic`` is the same as ``unmagic``."""

from .rooms import leave_the_folder

if __name__ == "__main__":
    leave_the_folder()

from .cli import main

if __name__ == "__main__":
    main()
