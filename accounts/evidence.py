"""Evidence of a check: an uploaded picture, written anew without metadata and stored encrypted.

A photograph says where, when and with which camera it was taken, and a file may hold more than a picture. Only the
pixels are kept: the picture is decoded under limits, turned as its EXIF data says, made smaller where it is big, and
written as a new JPEG without metadata.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from accounts.models import Host, HostCheck, HostEvidence, User
from accounts.refusals import Refused

MOST_PICTURE_BYTES = 10 * 1024 * 1024
"""The largest uploaded file, in bytes."""
MOST_PIXELS = 50_000_000
"""The largest picture that is decoded, in pixels. The limit keeps decompression bombs out of memory."""
LONGEST_SIDE = 2000
"""Longest side of a stored picture, in pixels: enough to read a page of print."""
QUALITY = 85
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP")


class NotAPicture(Refused):
    """The uploaded file is not a picture; the message says what to do instead."""

    code = "not_a_picture"
    message = _(
        "Only pictures are stored: JPEG, PNG or WebP. If it is a PDF or another file, send a photo or a screenshot of the page."
    )


class PictureTooBig(Refused):
    """The file, or the picture in it, is too big."""

    code = "picture_too_big"
    message = _(
        "This picture is too big: at most 10 MB and 50 megapixels. Send a smaller one, or take the photo again."
    )


class PictureOfADocument(Refused):
    """Of the check of an identity no picture is kept: that somebody has seen the document is all that is needed."""

    code = "picture_of_a_document"
    message = _(
        'No picture of an identity document is kept. Look at the document, and put the check "identity seen" on record.'
    )


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture written anew: the bytes of a JPEG, and its sides in pixels."""

    jpeg: bytes
    width: int
    height: int


def make_anew(file: bytes) -> Picture:
    """Return the picture in `file` (JPEG, PNG or WebP) as a new JPEG without metadata.

    Raises NotAPicture, PictureTooBig.
    """
    if len(file) > MOST_PICTURE_BYTES:
        raise PictureTooBig
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(file), formats=PICTURE_FORMATS) as found:
                if found.width * found.height > MOST_PIXELS:
                    raise PictureTooBig
                found.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # Decode a JPEG near its final size.
                turned = ImageOps.exif_transpose(found)
                return _written(_on_white(turned))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as bomb:
        raise PictureTooBig from bomb
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as unreadable:
        raise NotAPicture from unreadable


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a new image with the pixels alone, white where they are transparent: metadata does not carry over."""
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    solid = picture.convert("RGBA")
    canvas = Image.new("RGB", solid.size, "white")
    canvas.paste(solid, mask=solid)
    return canvas


def _written(canvas: Image.Image) -> Picture:
    out = BytesIO()
    canvas.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), canvas.width, canvas.height)


def kinds_with_pictures() -> list[tuple[str, Any]]:
    """Return the kinds of check of which pictures are kept, with their words: all but that of an identity document."""
    return [
        (kind, str(words)) for kind, words in HostCheck.CheckKind.choices if kind != HostCheck.CheckKind.IDENTITY_SEEN
    ]


def keep(host: Host, kind: str, file: bytes, *, by: User, at: datetime) -> HostEvidence:
    """Store the picture in `file` as evidence of a check of this kind.

    Raises PictureOfADocument, NotAPicture, PictureTooBig.
    """
    if kind not in dict(kinds_with_pictures()):
        raise PictureOfADocument
    picture = make_anew(file)
    return HostEvidence.objects.create(
        host=host, kind=kind, picture=picture.jpeg, width=picture.width, height=picture.height, by=by, at=at
    )


def remove(evidence_id: int, *, by: User, at: datetime) -> HostEvidence:
    """Erase a picture that is no longer needed. Its row stays on record, and a second call changes nothing."""
    evidence = HostEvidence.objects.select_for_update().get(pk=evidence_id)
    if evidence.removed_at is None:
        evidence.picture, evidence.removed_by, evidence.removed_at = b"", by, at
        evidence.save(update_fields=["picture", "removed_by", "removed_at"])
    return evidence
