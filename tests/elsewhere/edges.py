"""Whether the two ends of an edge have to do with each other: what it says is computed again from their bytes."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from urllib.parse import unquote_to_bytes

from tracer.reading.flow import Edge, Flow


def octets(value: str | bytes | None) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value or b""


def recomputes(flow: Flow, edge: Edge) -> bool:
    """Whether the target is what the edge says it is of the source."""
    source, target = (octets(flow.nodes[node].value.data) for node in (edge.source, edge.target))
    start, stop = edge.relation.start, edge.relation.stop
    how = edge.relation.how
    if (edge.kind == "slice") != (how == "slice") or not 0 <= start < stop:
        return False
    if how == "joined":
        at = edge.relation.at
        return target[start:stop] == source[at : at + stop - start]
    if how in ("quoted", "escaped"):
        return _means(target[start:stop], how) == source
    if how in ("slice", "unquoted", "unescaped"):
        return _means(source[start:stop], how) in (target, _one_byte_each(target))
    return (start, stop) == (0, len(target)) and _whole(how, source, target)


def _one_byte_each(text: bytes) -> bytes | None:
    """What UTF-8 means in Latin-1, if it does."""
    try:
        return text.decode().encode("latin-1")
    except ValueError:
        return None


def _means(part: bytes, how: str) -> bytes:
    if how in ("quoted", "unquoted"):
        return unquote_to_bytes(part.replace(b"+", b" "))
    if how in ("escaped", "unescaped"):
        return octets(json.loads(b'"' + part + b'"'))
    return part


def _whole(how: str, source: bytes, target: bytes) -> bool:
    """For relations in which one is the other in another form."""
    if how in ("copy", "decoded", "encoded"):
        return source == target or _one_byte_each(source) == target or _one_byte_each(target) == source
    if how == "folded":
        return source.lower().replace(b"-", b"_") == target.lower().replace(b"-", b"_")
    if how == "unmasked":
        key = bytes(a ^ b for a, b in zip(source, target, strict=True))[:4]
        return bytes(b ^ key[i % 4] for i, b in enumerate(source)) == target
    if how in ("unarmoured", "armoured"):
        return target == b64decode(source) if how == "unarmoured" else source == b64decode(target)
    if how in ("inflated", "deflated"):
        packed, plain = (source, target) if how == "inflated" else (target, source)
        if packed.startswith(b"\x1f\x8b"):
            return zlib.decompress(packed, wbits=31) == plain
        return zlib.decompressobj(wbits=-15).decompress(packed + b"\x00\x00\xff\xff") == plain
    return False


def unrelated(flow: Flow) -> list[str]:
    """Every edge of a flow whose ends have nothing to do with each other, told."""
    return [
        f"{edge.relation} {flow.nodes[edge.source].value.data!r} -> {flow.nodes[edge.target].value.data!r}"
        for edges in flow.into.values()
        for edge in edges
        if not recomputes(flow, edge)
    ]
