"""A secret in HTTP/2's header compression: the Huffman code of RFC 7541, section 5.2, which HTTP/3 has as well.

Compressed, a cookie's or a token's bytes are nowhere to be found, and yet anybody can read them. A text may begin at
any bit of a byte there, so each secret has eight forms: the whole bytes that are made of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

#: How a connection begins on which headers are compressed so (RFC 9113, section 3.4).
PREFACE = b"PRI * HTTP/2.0\r\n"
#: Forms of fewer bytes are met by chance.
FEWEST = 4
#: How many bits the code of each byte has (RFC 7541, appendix B). The codes of one length are in the bytes' order, and
#: the shorter come first, so this says it all.
LENGTHS = (
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15,
    6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22,
    20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23,
    23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22,
    22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26,
    27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27,
    26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
)  # fmt: skip


def _codes() -> dict[int, str]:
    """The bits of each byte's code."""
    codes, code, length = {}, 0, 0
    for byte in sorted(range(256), key=lambda byte: (LENGTHS[byte], byte)):
        code <<= LENGTHS[byte] - length
        length = LENGTHS[byte]
        codes[byte] = f"{code:0{length}b}"
        code += 1
    return codes


_CODES = _codes()


def huffman(secret: str) -> Iterator[str]:
    """The forms of a secret, as Latin-1: one for each bit of a byte at which it may begin."""
    bits = "".join(map(_CODES.__getitem__, secret.encode("utf-8", "surrogatepass")))
    for skipped in range(8):
        count = (len(bits) - skipped) // 8
        if count >= FEWEST:
            whole = int(bits[skipped : skipped + 8 * count], 2)
            yield whole.to_bytes(count, "big").decode("latin-1")
