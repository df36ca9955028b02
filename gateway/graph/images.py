"""The GraphQL type of images, and the selection of the best fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from gateway.model import documents


@strawberry.type(description="An image, referenced by URL.")
class Image:
    url: str = strawberry.field(description="URL of the image. For a file of the content folder, its address.")
    width: int | None = strawberry.field(
        description="Width in pixels, if known: from the front matter, else from the file."
    )
    height: int | None = strawberry.field(
        description="Height in pixels, if known: from the front matter, else from the file."
    )
    title: str | None = strawberry.field(description="Title of the image.")
    aspect_ratio: float | None = strawberry.field(
        description="Width divided by height, rounded to four digits. Null if either is unknown."
    )
    is_cached: bool = strawberry.field(description="Whether the front matter marks the image as cached.")


MinWidth = Annotated[int | None, strawberry.argument(description="Minimum width in pixels.")]
MaxWidth = Annotated[int | None, strawberry.argument(description="Maximum width in pixels.")]
CachedOnly = Annotated[bool | None, strawberry.argument(description="Whether to consider only cached images.")]


def best_image(images: Sequence[documents.Image], least: int | None, most: int | None) -> documents.Image | None:
    """The smallest image within the bounds, else the nearest in width. Unknown widths sort last, ties in file order.

    Without bounds, the first image.
    """
    if least is None and most is None:
        return next(iter(images), None)
    return min(images, key=lambda image: _misfit(max(image.width or 0, 0), least, most), default=None)


def _misfit(width: int, least: int | None, most: int | None) -> tuple[bool, int, int]:
    """Sort key: widths within the bounds, then by distance from the bounds, then unknown widths (0)."""
    distance = max(0, (least or 0) - width, 0 if most is None else width - most)
    return width == 0, distance, 0 if distance else width
