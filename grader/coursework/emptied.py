"""A module with some of its functions emptied: what is left of each is its signature, its docstring, and the sentences
of the RFC that its comments quote. No marker in the source says where: the functions are named from outside.

In: source text, and for each function by its qualname what its body becomes. Out: source text.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_Function = ast.FunctionDef | ast.AsyncFunctionDef
#: A comment that begins so quotes an RFC: "# 5.3: ...", "# RFC 9110, section 5.3: ...".
_QUOTES = re.compile(r"#:? (?:RFC \d+|\d+(?:\.\d+)+|Section \d)")


class NoSuchFunction(Exception):
    """A function is named that the module does not have."""


@dataclass(frozen=True)
class Body:
    """What stands in an emptied function: code, or a sentence to raise NotImplementedError with."""

    sentence: str = ""
    code: str = ""


def emptied(source: str, bodies: Mapping[str, Body]) -> str:
    """The source with these functions emptied. Raises `NoSuchFunction` if one of them is not there."""
    functions = dict(_functions(ast.parse(source)))
    if missing := [name for name in bodies if name not in functions]:
        raise NoSuchFunction(missing[0])
    lines = source.splitlines(keepends=True)
    for name, body in sorted(bodies.items(), key=lambda item: -functions[item[0]].lineno):
        node = functions[name]
        first, last = _body_lines(node)
        own = lines[first - 1 : last]
        indent = " " * (node.col_offset + 4)
        lines[first - 1 : last] = [textwrap.indent(text, indent) for text in _left(own, node, body)]
    return "".join(lines)


def names(source: str) -> list[str]:
    """The qualnames of all functions that are no one's inner ones."""
    return [name for name, _ in _functions(ast.parse(source))]


def lines_of(source: str, name: str) -> tuple[int, int]:
    """The first and last line of a function's body, behind its docstring. Raises `NoSuchFunction`."""
    functions = dict(_functions(ast.parse(source)))
    if name not in functions:
        raise NoSuchFunction(name)
    return _body_lines(functions[name])


def _functions(tree: ast.Module) -> Iterator[tuple[str, _Function]]:
    for node in tree.body:
        if isinstance(node, _Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, _Function))


def _body_lines(node: _Function) -> tuple[int, int]:
    """From behind the docstring, or the signature, to the end: with the comments that stand first."""
    docstring = ast.get_docstring(node, clean=False) is not None
    if docstring:
        return (node.body[0].end_lineno or 0) + 1, node.end_lineno or 0
    return _signature_end(node) + 1, node.end_lineno or 0


def _signature_end(node: _Function) -> int:
    arguments = [node.args.args, node.args.posonlyargs, node.args.kwonlyargs]
    ends = [argument.end_lineno or 0 for group in arguments for argument in group]
    return max([node.lineno, *ends, (node.returns.end_lineno or 0) if node.returns else 0])


def _left(own: list[str], node: _Function, body: Body) -> list[str]:
    kept = [f"{line}\n" for line in _quotations(own)]
    if body.code:
        return [*kept, *(f"{line}\n" for line in body.code.strip("\n").rstrip().splitlines())]
    kept.append(f"raise NotImplementedError({_quoted(body.sentence)})\n")
    if _is_generator(node):
        kept.append("yield  # never reached: it makes this a generator, as whoever calls it expects\n")
    return kept


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quotations(own: list[str]) -> Iterator[str]:
    """The comments that quote an RFC, each up to the end of what it quotes."""
    block: list[str] = []
    for line in [*own, ""]:
        text = line.strip()
        if text.startswith("#") and (block or _QUOTES.match(text)):
            if block and _QUOTES.match(text):
                yield from _quotation(block)
                block = []
            block.append(text)
        elif block:
            yield from _quotation(block)
            block = []


def _quotation(block: list[str]) -> list[str]:
    text = "\n".join(block)
    if text.count('"') >= 2:
        end = text.rindex('"') + 1
        text = text[:end] + ("." if text[end : end + 1] == "." else "")
    return text.splitlines()


def _is_generator(node: _Function) -> bool:
    """Whether its own body yields, not that of a function inside it."""
    open_: list[ast.AST] = list(node.body)
    while open_:
        inner = open_.pop()
        if isinstance(inner, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            open_ += ast.iter_child_nodes(inner)
    return False
