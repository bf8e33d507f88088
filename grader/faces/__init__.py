"""How a result is shown: text, JSON, and pages. Each file here is one face; none decides anything."""
