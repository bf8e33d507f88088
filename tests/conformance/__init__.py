"""RFC 6455, RFC 7692 and PROTOCOL.md row by row, over TCP and blind: whatever listens is judged by its bytes alone."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.peer")
