"""Configuration of Sphinx."""

from reflector import __version__

project = "reflector"
copyright = "The reflector authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "reflector"
exclude_patterns = ["_build"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False, "exclude-members": "model_config"}
napoleon_google_docstring = True
napoleon_use_rtype = False
# Markdown code fences in docstrings are for readers of the source.
suppress_warnings = ["myst.xref_missing"]
