"""Pictures: their GraphQL type, and the choice of the one that fits best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import strawberry

from gateway import model


@strawberry.type(description="A picture, by its address.")
class Image:
    url: str = strawberry.field(description="Where the picture is.")
    width: int | None = strawberry.field(description="Width in pixels, where known.")
    height: int | None = strawberry.field(description="Height in pixels, where known.")
    title: str | None = strawberry.field(description="What the picture shows.")
    aspect_ratio: float | None = strawberry.field(
        description="Width over height, rounded to four digits; null where either is unknown."
    )
    is_cached: bool = strawberry.field(description="Whether the front matter says that the picture has been cached.")


MinWidth = Annotated[int | None, strawberry.argument(description="The least width wanted, in pixels.")]
MaxWidth = Annotated[int | None, strawberry.argument(description="The greatest width wanted, in pixels.")]
CachedOnly = Annotated[bool | None, strawberry.argument(description="Whether to choose among cached images alone.")]


def best_image(images: Sequence[model.Image], least: int | None, most: int | None) -> model.Image | None:
    """The smallest of those within the bounds, else the nearest one; one of unknown width last, ties in file order.

    Without bounds the first.
    """
    if least is None and most is None:
        return next(iter(images), None)
    return min(images, key=lambda image: _misfit(max(image.width or 0, 0), least, most), default=None)


def _misfit(width: int, least: int | None, most: int | None) -> tuple[bool, int, int]:
    """Sorts an unknown width, 0, last, one off the bounds by its distance from them, and others by themselves."""
    distance = max(0, (least or 0) - width, 0 if most is None else width - most)
    return width == 0, distance, 0 if distance else width
