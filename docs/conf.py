"""Configuration of Sphinx."""

from __future__ import annotations

import re
from typing import Any

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
napoleon_use_ivar = True
suppress_warnings = ["myst.xref_missing"]


def from_markdown(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Turn the Markdown of a docstring, code fences and single backticks, into reStructuredText."""
    result: list[str] = []
    fence = ""
    for line in lines:
        opened = re.match(r"( *)```(\w*)$", line)
        if opened and not fence:
            fence = opened[1] + "```"
            result += [f"{opened[1]}.. code-block:: {opened[2] or 'text'}", ""]
        elif fence and line.rstrip() == fence:
            fence = ""
            result.append("")
        elif fence:
            result.append(f"   {line}")
        else:
            result.append(re.sub(r"(?<![`:\w])`([^`]+)`(?!`)", r"``\1``", line))
    lines[:] = result


def setup(app: Any) -> None:
    """Read docstrings as Markdown, before the Google style sections are taken apart."""
    app.connect("autodoc-process-docstring", from_markdown, priority=100)
