"""Reports as they are handed in (PDF, DOCX, HTML, Markdown, text), read into one `Document`."""
