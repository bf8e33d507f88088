"""The report that courses ask for: of each technology its purpose, its licence, and the whole chain of calls.

In: a trace. Out: a `Report` (`make.py`), laid out as one `Document` (`layout.py`), of which three renderers make the
same text and the same links: Markdown, DOCX, PDF.
"""
