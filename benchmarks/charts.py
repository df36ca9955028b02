"""Draws the charts of the documentation as SVG, readable on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from itertools import count
from pathlib import Path

PICTURES = Path(__file__).parent.parent / "docs/pictures"
COLOURS = ("#2f81f7", "#8a63d2", "#bf8700", "#2da44e", "#cf222e", "#808891")
"""Each has enough contrast on white and on black."""
LEFT, WIDTH, RIGHT, LINE = 280, 500, 30, 30
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #59636e }
line { stroke: #808891; stroke-opacity: .4 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } }
"""


def dots(unit: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each group, with a dot for each positive value on a logarithmic scale, and a legend of the names."""
    values = [value for group in groups.values() for value in group.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    names = dict(zip(dict.fromkeys(name for group in groups.values() for name in group), count()))
    bottom = LINE * (len(groups) + 1)

    def across(value: float) -> float:
        return LEFT + WIDTH * (math.log10(value) - low) / max(high - low, 1)

    def parts() -> Iterator[str]:
        for power in range(low, high + 1):
            x = across(10**power)
            yield f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{LINE // 2}" y2="{bottom - LINE // 2}"/>'
            yield f'<text x="{x:.0f}" y="{bottom}" text-anchor="middle">{10.0**power:g}</text>'
        yield f'<text x="{LEFT - 30}" y="{bottom}" text-anchor="end">{escape(unit)}</text>'
        for row, (title, group) in enumerate(groups.items()):
            y = LINE * (row + 1)
            yield f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(title)}</text>'
            for name, value in reversed([*group.items()]):
                tip = escape(f"{name}: {value:.2f} {unit}")
                yield (
                    f'<circle cx="{across(value):.1f}" cy="{y}" r="6" fill="{_colour(names[name])}">'
                    f"<title>{tip}</title></circle>"
                )
        for name, at in names.items():
            y = bottom + 22 * (at + 1) + 6
            yield f'<circle cx="{LEFT + 6}" cy="{y - 4}" r="6" fill="{_colour(at)}"/>'
            yield f'<text x="{LEFT + 20}" y="{y}">{escape(name)}</text>'

    width, height = LEFT + WIDTH + RIGHT, bottom + 22 * (len(names) + 1)
    body = "\n".join(parts())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img">\n<title>{escape(unit)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def _colour(at: int) -> str:
    return COLOURS[at % len(COLOURS)]


def write(name: str, description: str, chart: str) -> str:
    """Write the picture of a page. Returns the Markdown that shows it."""
    (PICTURES / f"{name}.svg").write_text(chart)
    return f"![{description}, on a logarithmic scale](pictures/{name}.svg)\n"
