"""What a camera writes, and whether it agrees with itself and with the picture.

Exif 3.0 (CIPA DC-008-2023). Every finding here has innocent causes; none of them is weighed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from forensics.detectors.metadata.rules import leaf, shorten
from forensics.media import Metadata, Tag

__all__ = ["Camera", "Inconsistency", "find_camera", "find_inconsistencies"]

_EXPOSURE = ("exposuretime", "fnumber", "photographicsensitivity", "isospeedratings", "focallength")
_CONTAINER_CAMERA = {
    "make": ("make", "com.apple.quicktime.make", "com.android.manufacturer"),
    "model": ("model", "com.apple.quicktime.model", "com.android.model"),
}
# From the middle of a UTC day to its end (12 h), across the widest time zone (14 h), and an old fix (12 h).
_GPS_SLACK = timedelta(hours=38)


@dataclass(frozen=True)
class Camera:
    """The camera that a file names.

    Attributes:
        make: Maker.
        model: Model.
        exposure: Names of the exposure fields present.
        tag: The entry with the model.
    """

    make: str
    model: str
    exposure: tuple[str, ...]
    tag: Tag


@dataclass(frozen=True)
class Inconsistency:
    """Two things in a file that do not agree.

    Attributes:
        name: Stable machine-readable name.
        text: One sentence.
    """

    name: str
    text: str


def find_camera(metadata: Metadata) -> Camera | None:
    """Return the camera that EXIF, or the container of a clip, names; None without maker and model."""
    exif = _by_leaf(metadata, "exif")
    if "make" in exif and "model" in exif:
        exposure = tuple(name for name in _EXPOSURE if name in exif)
        return Camera(
            shorten(exif["make"].value, 60), shorten(exif["model"].value, 60), exposure, exif["model"]
        )
    container = {t.name.lower(): t for t in metadata.group("container")}
    make = next((container[n] for n in _CONTAINER_CAMERA["make"] if n in container), None)
    model = next((container[n] for n in _CONTAINER_CAMERA["model"] if n in container), None)
    if make is None or model is None:
        return None
    return Camera(shorten(make.value, 60), shorten(model.value, 60), (), model)


def find_inconsistencies(
    metadata: Metadata, size: tuple[int, int] | None = None
) -> tuple[Inconsistency, ...]:
    """Return what does not agree.

    Args:
        metadata: The entries of a file.
        size: (width, height) of the stored picture, None for a clip.
    """
    exif = _by_leaf(metadata, "exif")
    found = [*_dates(exif, _by_leaf(metadata, "gps")), *_maker(exif, metadata), *_missing(exif)]
    if size is not None:
        found += _dimensions(exif, size)
    found += [Inconsistency("broken_block", shorten(p, 200)) for p in metadata.problems[:8]]
    return tuple(found)


def _by_leaf(metadata: Metadata, group: str) -> dict[str, Tag]:
    first: dict[str, Tag] = {}
    for tag in metadata.group(group):
        if tag.value.strip():
            first.setdefault(leaf(tag.name), tag)
    return first


def _date(tag: Tag | None) -> datetime | None:
    if tag is None:
        return None
    text = tag.value.strip().rstrip("\0")[:19].replace("-", ":").replace("T", " ")
    for form in ("%Y:%m:%d %H:%M:%S", "%Y:%m:%d"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _dates(exif: dict[str, Tag], gps: dict[str, Tag]) -> Iterator[Inconsistency]:
    taken = _date(exif.get("datetimeoriginal"))
    if taken is None:
        return
    changed = _date(exif.get("datetime") or exif.get("modifydate"))
    if changed is not None and changed < taken:
        yield Inconsistency(
            "changed_before_taken", f"EXIF says it was changed {changed}, before it was taken {taken}."
        )
    digitized = _date(exif.get("datetimedigitized") or exif.get("createdate"))
    if digitized is not None and digitized < taken - timedelta(minutes=1):
        yield Inconsistency(
            "digitised_before_taken", f"EXIF says it was digitised {digitized}, before it was taken {taken}."
        )
    satellite = _date(gps.get("gpsdatestamp") or gps.get("datestamp"))
    if satellite is not None and abs(satellite + timedelta(hours=12) - taken) > _GPS_SLACK:
        yield Inconsistency(
            "gps_date", f"The satellites' date {satellite:%Y-%m-%d} is not that of the camera {taken}."
        )


def _maker(exif: dict[str, Tag], metadata: Metadata) -> Iterator[Inconsistency]:
    for tag in metadata.group("xmp"):
        if tag.name.lower() not in ("tiff:make", "tiff:model") or leaf(tag.name) not in exif:
            continue
        ours, theirs = exif[leaf(tag.name)].value, tag.value
        if ours.strip().lower() != theirs.strip().lower():
            text = f"EXIF names {shorten(ours, 40)!r}, XMP {shorten(theirs, 40)!r}."
            yield Inconsistency(f"{leaf(tag.name)}_disagrees", text)


def _missing(exif: dict[str, Tag]) -> Iterator[Inconsistency]:
    if "make" in exif and "model" in exif and not any(name in exif for name in _EXPOSURE):
        model = shorten(exif["model"].value, 40)
        yield Inconsistency("no_exposure", f"EXIF names the camera {model!r} but holds no exposure data.")


def _dimensions(exif: dict[str, Tag], size: tuple[int, int]) -> Iterator[Inconsistency]:
    width = exif.get("pixelxdimension") or exif.get("exifimagewidth")
    height = exif.get("pixelydimension") or exif.get("exifimageheight") or exif.get("exifimagelength")
    if width is None or height is None:
        return
    try:
        stated = (int(float(width.value)), int(float(height.value)))
    except (ValueError, OverflowError):
        return
    if min(stated) > 0 and sorted(stated) != sorted(size):
        said, has = f"{stated[0]}x{stated[1]}", f"{size[0]}x{size[1]}"
        text = f"EXIF says {said} pixels, the picture has {has}: scaled or cropped."
        yield Inconsistency("dimensions", text)
