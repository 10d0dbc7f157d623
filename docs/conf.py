"""Sphinx configuration. Builds without a network: no intersphinx, no fonts or scripts from afar."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tradectl_sdk
from pygments.lexers.shell import BashSessionLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "tradectl"
author = "The tradectl authors"
copyright = "The tradectl authors"  # Sphinx reads this very name
release = tradectl_sdk.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "reference_directive",
    "offline",
]
smartquotes = False  # what the code says is shown as the code says it
exclude_patterns = ["_build", "_ext"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"tradectl {release}"
html_copy_source = False
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Nitpicky builds insist that names of the public face resolve. Types of other projects and of
# rooms below the face stay plain text: there is no inventory of them to link to.
nitpick_ignore_regex = [(r"py:.*", r"(?!tradectl_sdk\.\w+$).*")]


def setup(app: Sphinx) -> None:
    """Read ``shell`` blocks as what they are here: commands with what they print."""
    app.add_lexer("shell", BashSessionLexer)
