"""What is kept of a camera beside its fingerprint."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from forensics.detectors.prnu.models import Label
from forensics.errors import CameraError, UsageError

__all__ = ["Camera", "camera_of", "checked_name", "row_of"]

_NAME = re.compile(r"[\w][\w .@+-]{0,63}")
_MOST_PIXELS = 200_000_000


@dataclass(frozen=True)
class Camera:
    """An enrolled camera.

    Attributes:
        name: As the user calls it.
        label: What its pictures say of it.
        height: Rows of its pictures, as stored.
        width: Columns.
        pictures: Number of pictures behind the fingerprint.
        strength: Grey levels of the pattern, as half of the pictures showed it in the others; 0 unknown.
        flags: "computational", "shared_patterns" (see `cautions`), "few_pictures", "mixed".
        created: When it was enrolled, ISO 8601.
        number: Number in its database, 0 before.
    """

    name: str
    label: Label
    height: int
    width: int
    pictures: int
    strength: float = 0.0
    flags: tuple[str, ...] = ()
    created: str = ""
    number: int = field(default=0, compare=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width


def checked_name(name: str) -> str:
    """Return a name of a camera.

    Raises:
        UsageError: It is empty, too long, or has other than letters, digits, spaces and . @ + - _ in it.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"the name {name!r} may have 64 letters, digits, spaces and . @ + - _ at most", actual=name
        )
    return name


def row_of(camera: Camera) -> tuple[str, tuple[Any, ...]]:
    """Return the names of the columns of a camera, and their values."""
    label = camera.label
    row = {
        "name": camera.name, "make": label.make, "model": label.model, "serial": label.serial,
        "software": label.software, "height": camera.height, "width": camera.width,
        "pictures": camera.pictures, "strength": camera.strength, "flags": " ".join(camera.flags),
        "created": camera.created,
    }  # fmt: skip
    return ", ".join(row), tuple(row.values())


def camera_of(row: tuple[Any, ...]) -> Camera:
    """Return the camera of a row of the database.

    Raises:
        CameraError: What it says cannot be.
    """
    try:
        number, name, make, model, serial, software, height, width, pictures, strength, flags, created = row
        label = Label(str(make), str(model), str(serial), str(software))
        sane = 0 < height and 0 < width and height * width <= _MOST_PIXELS and pictures > 0
        if not sane or not math.isfinite(strength):
            raise ValueError(f"{width}x{height} pixels, {pictures} pictures")
        return Camera(
            name=checked_name(name),
            label=label,
            height=height,
            width=width,
            pictures=pictures,
            strength=strength,
            flags=tuple(flags.split()),
            created=str(created),
            number=number,
        )
    except (AttributeError, TypeError, ValueError, UsageError) as error:
        raise CameraError(f"the database of cameras is damaged: a camera cannot be read ({error})") from error
