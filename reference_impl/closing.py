"""Why a connection ends: the close codes, the payload of a close frame, and the two errors that end one.

In: a close frame's payload. Out: (code, reason), or ParseFailed. The way back: `format_close(1000, "bye")`.
Here, too, `Utf8`, which finds the most frequent reason to fail: text that is none.

    >>> parse_close(bytes.fromhex("03e8") + b"bye")
    (<CloseReason.NORMAL_CLOSURE: 1000>, 'bye')

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/frame_protocol.py#L104-L254
and https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/frame_protocol.py#L523-L556
Leaves out: nothing; and takes code 1014, which was registered after the original was written.
"""

from codecs import getincrementaldecoder
from enum import IntEnum


class CloseReason(IntEnum):
    """RFC 6455, section 7.4.1, and the registry of IANA (1012 to 1014)."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RCVD = 1005  # never on the wire: the close frame was empty
    ABNORMAL_CLOSURE = 1006  # never on the wire: TCP ended without a close frame
    INVALID_FRAME_PAYLOAD_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXT = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE_FAILED = 1015  # never on the wire


REASONS = {int(reason): reason for reason in CloseReason}
#: Section 7.4: the codes that may stand in a close frame.
ON_THE_WIRE = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


class ProtocolError(Exception):
    """The family of all protocol errors in this package."""


class ParseFailed(ProtocolError):
    """The peer broke the protocol; `code` is what to close with."""

    def __init__(self, msg: str, code: CloseReason = CloseReason.PROTOCOL_ERROR) -> None:
        super().__init__(msg)
        self.code = code


def parse_close(payload: bytes) -> tuple[int, str]:
    """Section 5.5.1: nothing, or two bytes of code (with its name, if it has one) and then a reason in UTF-8."""
    if not payload:
        # 7.1.5: "If this Close control frame contains no status code, _The WebSocket Connection Close Code_ is
        # considered to be 1005."
        return CloseReason.NO_STATUS_RCVD, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in ON_THE_WIRE:
        raise ParseFailed("7.4: a close frame without a valid code")
    return REASONS.get(code, code), Utf8().decode(payload[2:], last=True)


def format_close(code: int, reason: str | None) -> bytes:
    """The payload: at most 125 bytes, no character cut in half. Raises ValueError if `code` is none."""
    if code == CloseReason.NO_STATUS_RCVD:
        return b""
    if code in (CloseReason.ABNORMAL_CLOSURE, CloseReason.TLS_HANDSHAKE_FAILED):
        # 7.4.1: "MUST NOT be set as a status code in a Close control frame by an endpoint"
        code = CloseReason.NORMAL_CLOSURE
    if code not in ON_THE_WIRE:
        raise ValueError(f"{code} is no close code: use 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    # 5.5: a control frame holds 125 bytes; the first character that is cut by that is left out
    return code.to_bytes(2, "big") + (reason or "").encode()[:123].decode(errors="ignore").encode()


class Utf8:
    """Section 8.1, while the bytes arrive: raises ParseFailed at the first one that cannot belong to UTF-8."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")()

    def decode(self, data: bytes, last: bool) -> str:
        try:
            text = self._decoder.decode(data, last)
            # subtle: Python's decoder takes ED A0..BF and waits for a third byte, although only a surrogate begins so,
            # and a surrogate is no UTF-8. Every other wrong beginning it reports at once.
            kept = self._decoder.getstate()[0]
            if kept[:1] == b"\xed" and kept[1:2] >= b"\xa0":
                kept.decode()  # raises
        except UnicodeDecodeError as error:
            raise ParseFailed(f"8.1: {error.reason}", CloseReason.INVALID_FRAME_PAYLOAD_DATA) from None
        return text
