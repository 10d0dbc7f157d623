"""Charts as PNG, for what cannot show SVG.

The pixels are resvg's, which is imported on use: ``pip install 'tradectl-sdk[png]'``. Neither a
browser nor a network takes part; letters are drawn with the fonts of the machine.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

# What sans-serif fonts are called; resvg itself asks for Arial alone, which Linux seldom has.
FAMILIES: Final = (
    "Arial", "Helvetica", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Segoe UI", "Roboto",
    "Open Sans", "Ubuntu", "Cantarell", "FreeSans",
)  # fmt: skip
SCALE = 2.0  # pixels for one of the SVG's, so that letters stay sharp in print
_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">'
    '<text x="4" y="18" style="font:12px system-ui,sans-serif">{}</text></svg>'
)


def png_renderer() -> Callable[[str], bytes]:
    """Return what turns the text of an SVG file into the bytes of a PNG.

    Raises:
        UsageError: If resvg is not installed.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise UsageError(
            "PNG files need resvg-py, which is not installed",
            hint="pip install 'tradectl-sdk[png]', or take --svg, which needs nothing",
        ) from error
    renderers = [partial(_drawn, resvg_py, family) for family in FAMILIES]
    return next((one for one in renderers if draws_letters(one)), renderers[0])


def _drawn(drawing: Any, family: str, svg: str) -> bytes:
    """Draw, with a family of fonts for letters that want none in particular."""
    return bytes(
        drawing.svg_to_bytes(
            svg_string=svg, zoom=SCALE, background="white", sans_serif_family=family
        )
    )


def draws_letters(render: Callable[[str], bytes]) -> bool:
    """Whether there is a font to draw letters with; without one they are left out in silence."""
    return render(_PROBE.format("8")) != render(_PROBE.format(""))
