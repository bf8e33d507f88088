"""pytest as a program that a recorder can be put around; never imported."""

import sys

import pytest

sys.exit(pytest.main())
