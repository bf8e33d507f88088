"""Chance that repeats: drawn from the submission's files and the assignment's key.

The same submission is asked the same questions each time; another one, or one that was changed, others. Without the key
nobody can know them before.
"""

from __future__ import annotations

import hashlib
import hmac


def seed(sha256: str, key: str) -> str:
    """The seed of one grading, as 16 hexadecimal digits.

    >>> seed("00", "key") == seed("00", "key") != seed("01", "key")
    True
    """
    return hmac.new(key.encode(), sha256.encode(), hashlib.sha256).hexdigest()[:16]
