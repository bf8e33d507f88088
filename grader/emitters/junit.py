"""JUnit XML: a suite for each report, a case for each part; points are properties, since the form has none."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from ..record import Record
from .whole import printable, told


def write(records: Sequence[Record]) -> str:
    """The text of a JUnit file for one report or many."""
    suites = ElementTree.Element("testsuites")
    for record in records:
        failed = sum(not part.passed for part in record.parts)
        suite = ElementTree.SubElement(
            suites, "testsuite", name=printable(record.report), tests=str(len(record.parts) or 1), failures=str(failed),
            errors=str(int(bool(record.problem))), skipped="0", time="0", timestamp=record.at.removesuffix("Z"),
        )  # fmt: skip
        if record.problem:
            case = ElementTree.SubElement(suite, "testcase", classname=printable(record.report), name="read", time="0")
            ElementTree.SubElement(case, "error", message=printable(record.problem))
        for part in record.parts:
            case = ElementTree.SubElement(
                suite, "testcase", classname=printable(record.report), name=printable(part.title), time="0"
            )
            properties = ElementTree.SubElement(case, "properties")
            ElementTree.SubElement(properties, "property", name="points", value=f"{part.points:g}")
            ElementTree.SubElement(properties, "property", name="max_points", value=str(part.most))
            if not part.passed:
                message = f"{part.points:g} of {part.most} points"
                ElementTree.SubElement(case, "failure", message=message).text = told(part)
    ElementTree.indent(suites, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"
