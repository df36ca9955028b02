"""The sizes of images from their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.image_size import LARGEST, image_size
from tests.assets import PICTURES, Picture, jpeg

KINDS = [(kind, picture) for kind, pictures in PICTURES.items() for picture in pictures]
SIDES = st.integers(1, 2**14 - 1)
"""The sides that all formats can have."""


@pytest.mark.parametrize(("kind", "picture"), KINDS)
@given(SIDES, SIDES)
def test_size_is_read(kind: str, picture: Picture, width: int, height: int) -> None:
    assert image_size(picture(width, height) + b"and the pixels", kind) == (width, height)


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (30, 20)), (3, (30, 20)), (6, (20, 30)), (8, (20, 30)), (99, (30, 20))]
)
def test_a_photo_is_turned_by_its_orientation(orientation: int, size: tuple[int, int]) -> None:
    assert image_size(jpeg(30, 20, orientation), "image/jpeg") == size


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC9, 0xCF])
def test_all_frames_of_jpeg(marker: int) -> None:
    assert image_size(jpeg(30, 20, marker=marker), "image/jpeg") == (30, 20)


@pytest.mark.parametrize(
    "text",
    [
        b"<svg/>",
        b"<html><p>no picture</p></html>",
        b'<svg width="10em" height="4em"></svg>',
        b'<svg width="0" height="4"></svg>',
        b'<svg width="999999999999999" height="4"></svg>',
        b'<svg viewBox="0 0 a b"></svg>',
    ],
)
def test_svg_without_a_size(text: bytes) -> None:
    assert image_size(text, "image/svg+xml") is None


def test_bytes_of_another_type_have_no_size() -> None:
    """The type is that of the name."""
    for kind in PICTURES:
        others = [picture(30, 20) for other, picture in KINDS if other != kind]
        assert {image_size(data, kind) for data in others} == {None}


def test_other_types_have_no_size() -> None:
    assert image_size(jpeg(30, 20), "video/mp4") is None


@given(st.data())
def test_any_bytes_give_a_size_or_none(data: st.DataObject) -> None:
    """Also pictures that are cut off or changed."""
    kind, picture = data.draw(st.sampled_from(KINDS))
    whole = picture(data.draw(SIDES), data.draw(SIDES))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    found = image_size(whole[:start] + data.draw(st.binary(max_size=40)) + whole[end:], kind)
    assert found is None or all(0 < side <= LARGEST for side in found)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/avif", b"\0\0\0\x08ftyp" + b"\0\x0f\xff\xffmeta\0\0\0\0" * 50_000),
        ("image/avif", b"\0\0\0\x08ftyp" + b"\0\0\0\0meta\0\0\0\0" * 50_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 1_000_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xe1\0\0" * 200_000),
        ("image/svg+xml", b"<svg" * 200_000),
        ("image/svg+xml", b"<svg " + b"width=" * 200_000),
    ],
)
def test_hostile_pictures(kind: str, data: bytes) -> None:
    assert image_size(data, kind) is None
