"""The directive ``tradectl-reference``: puts a page of ``reference.py`` where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import reference
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


class TradectlReference(SphinxDirective):
    """Render one reference page from the code it describes."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Generate the page's reStructuredText and parse it in place."""
        name = self.arguments[0]
        self.env.note_reread()  # its source is the code, which Sphinx does not watch
        lines = StringList(list(reference.PAGES[name]()), source=f"generated:{name}")
        return nested_parse_to_nodes(self.state, lines, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("tradectl-reference", TradectlReference)
    return {"parallel_read_safe": True}
