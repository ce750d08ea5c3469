"""Build what pages ask for out of the sources in static/postern/: one stylesheet, one sprite, the page's own glyphs.

The output is committed and a test compares it, so neither a start nor an installation needs this command.
"""

import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from lucide.templatetags.lucide import lucide

from core.templatetags.icons import ICONS

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "static/postern"
STYLESHEET = SOURCES / "dist/postern.css"
SPRITE = SOURCES / "dist/sprite.svg"
PAGE_GLYPHS = ROOT / "templates/parts/glyphs.html"

SHEETS = ("base", "layout", "parts", "forms", "pages", "print")
IN_PAGE = ("door-", "proof-")  # drawn hundreds of times on a page: `#door-open` is 45 bytes shorter than the sprite's
LINES = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"'


class Command(BaseCommand):
    help = "Builds static/postern/dist/ and templates/parts/glyphs.html from their sources."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if something is out of date")

    def handle(self, **options: Any) -> None:
        stale = {path: text for path, text in build().items() if not path.exists() or path.read_text() != text}
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        if options["check"] and stale:
            raise CommandError(f"Out of date: {names}. Run `manage.py make_assets` and commit what it writes.")
        for path, text in stale.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.stdout.write(f"Wrote {names}." if stale else "All is current.")


def build() -> dict[Path, str]:
    """Every generated file with the text it should have; the same sources give the same bytes."""
    drawn = glyphs((SOURCES / "glyphs.svg").read_text())
    return {
        STYLESHEET: minified("".join((SOURCES / f"css/{name}.css").read_text() for name in SHEETS)),
        SPRITE: sprite([text for name, text in drawn.items() if not name.startswith(IN_PAGE)]),
        PAGE_GLYPHS: in_page([text for name, text in drawn.items() if name.startswith(IN_PAGE)]),
    }


def glyphs(svg: str) -> dict[str, str]:
    """Our own drawings by id, each a whole <symbol>, in the order of the source."""
    return {found[1]: found[0] for found in re.finditer(r'<symbol id="([^"]+)".*?</symbol>', svg, re.DOTALL)}


def sprite(own: list[str]) -> str:
    head = "<!-- brand, bolt-*: drawn for Postern. i-*: Lucide, ISC licence, see LICENCES.txt -->"
    symbols = [*own, *(icon_symbol(name) for name in sorted(ICONS))]
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', head, *symbols, "</svg>"]) + "\n"


def icon_symbol(name: str) -> str:
    """One of Lucide's icons as a symbol, in the stroke of our look. Raises IconDoesNotExist for a name it lacks."""
    svg = lucide(name, size=None)
    shapes = re.sub(r"\s*(/?>)\s*", r"\1", svg[svg.index(">") + 1 : svg.rindex("</svg>")]).strip()
    return f'<symbol id="i-{name}" viewBox="0 0 24 24"><g {LINES}>{shapes}</g></symbol>'


def in_page(own: list[str]) -> str:
    return '<svg class="defs" width="0" height="0" aria-hidden="true">' + "".join(own) + "</svg>\n"


def minified(css: str) -> str:
    """The stylesheet without comments and idle space; what stands in double quotes is left alone."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    pieces = re.split(r'("[^"]*")', bare)
    return "".join(piece if at % 2 else _squeezed(piece) for at, piece in enumerate(pieces)).strip() + "\n"


def _squeezed(css: str) -> str:
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r" ?([{};,]) ?", r"\1", css)
    return css.replace(": ", ":").replace(";}", "}")
