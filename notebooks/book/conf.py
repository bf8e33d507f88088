"""Sphinx's settings for the course's site. Nothing is executed, and nothing is fetched."""

from pathlib import Path

project = "unmagic"
author = "The unmagic authors"
copyright = author
html_title = "unmagic"
extensions = ["myst_nb"]

nb_execution_mode = "off"
nb_code_prompt_show, nb_code_prompt_hide = "Show the lines that draw this", "Hide the lines"
# No widgets are in the notebooks, and what shows them would come from a CDN; the same for formulas.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("html", "text/html", 0)]
myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 4
# Targets within raw HTML are unknown to MyST; `checking` looks every one of them up in the finished pages.
suppress_warnings = ["myst.xref_missing", "myst.header"]

html_theme = "furo"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["book.css"]
exclude_patterns = ["_html"]
html_copy_source = False
# Summaries of what was found are fetched, which a page that was opened from a disk may not do.
html_show_search_summary = False
html_show_sphinx = False
html_domain_indices = False
html_use_index = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#7cc0ff", "color-brand-content": "#7cc0ff"},
}
pygments_style = "default"
pygments_dark_style = "github-dark"
language = "en"
