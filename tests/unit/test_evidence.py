"""Uploaded pictures are made anew: only their pixels, bounded in size, with a clear refusal of anything else."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from accounts import evidence
from accounts.evidence import NotAPicture, PictureTooBig, make_anew

SECRET = "43.2567 Almaty, Abay Avenue 10"


def photo(kind: str = "JPEG", size: tuple[int, int] = (60, 40), *, orientation: int = 1, mode: str = "RGB") -> bytes:
    """Return a picture whose left half is red, with EXIF data about where it was taken."""
    picture = Image.new(mode, size, "white" if mode == "RGB" else 0)
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2 - 1, size[1]), fill=(255, 0, 0) + (255,) * (len(mode) - 3))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, SECRET
    out = BytesIO()
    more = {} if kind == "PNG" else {"quality": 95}
    picture.save(out, kind, exif=exif, comment=SECRET, **more)
    return out.getvalue() + SECRET.encode()


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(BytesIO(jpeg))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_make_anew_keeps_the_pixels_and_nothing_else(kind: str) -> None:
    file = photo(kind)
    assert SECRET.encode() in file  # The photo must carry EXIF data, or this test would prove nothing.

    made = make_anew(file)

    picture = opened(made.jpeg)
    assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (60, 40), {})
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert SECRET.encode() not in made.jpeg
    left, right = picture.getpixel((5, 20)), picture.getpixel((55, 20))
    assert (left[0] > 200, left[1] < 60, right[1] > 200) == (True, True, True)  # type: ignore[index,operator]


def test_make_anew_turns_the_picture_as_its_exif_says() -> None:
    made = make_anew(photo(orientation=6))

    assert (made.width, made.height, opened(made.jpeg).size) == (40, 60, (40, 60))


def test_make_anew_makes_a_big_picture_smaller() -> None:
    made = make_anew(photo(size=(4000, 3000)))

    assert (made.width, made.height) == (2000, 1500)


def test_make_anew_shows_transparent_pixels_as_white() -> None:
    picture = opened(make_anew(photo("PNG", mode="RGBA")).jpeg)

    assert picture.getpixel((55, 20)) == (255, 255, 255)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"hello",
        b"%PDF-1.7\n%\xe2\xe3",
        b"GIF89a" + bytes(20),
        photo()[:200],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=["empty", "text", "pdf", "gif", "cut off", "svg"],
)
def test_make_anew_refuses_what_is_no_picture_and_says_what_to_do(file: bytes) -> None:
    with pytest.raises(NotAPicture, match="send a photo or a screenshot of the page"):
        make_anew(file)


def bomb(side: int) -> bytes:
    """Return a PNG of a few bytes whose header promises `side` x `side` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_000, 12_000, 30_000])
def test_make_anew_refuses_a_bomb_before_it_goes_off(side: int) -> None:
    with pytest.raises(PictureTooBig, match="50 megapixels"):
        make_anew(bomb(side))


def test_the_bomb_is_decoded_without_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: without the limit the same file is decoded, and fails only because its data are cut short."""
    monkeypatch.setattr(evidence, "MOST_PIXELS", 10**9)

    with pytest.raises(NotAPicture):
        make_anew(bomb(8_000))


def test_make_anew_refuses_a_file_that_is_too_long() -> None:
    with pytest.raises(PictureTooBig):
        make_anew(photo() + bytes(evidence.MOST_PICTURE_BYTES))
