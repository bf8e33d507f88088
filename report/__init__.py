"""The report: one `View` made of a trace, and pages that only show it. Imports `tracer.reading`, no traced library."""
