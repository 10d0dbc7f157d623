"""What Sphinx would fetch from elsewhere in the reader's browser, without fetching it.

Formulas become MathML, which browsers draw themselves, and Mermaid diagrams stay readable source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


def inline_formula(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands in a sentence."""
    translator.body.append(tex2mathml(node.astext()))
    raise SkipNode


def block_formula(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands by itself."""
    translator.body.append(tex2mathml(node.astext(), as_block=True))
    raise SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer and the lexer."""
    app.add_html_math_renderer("mathml", (inline_formula, None), (block_formula, None))
    app.add_lexer("mermaid", TextLexer)
    return {"parallel_read_safe": True}
