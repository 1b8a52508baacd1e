"""From pictures that one camera took to a camera in the database."""

from __future__ import annotations

import datetime
import os
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.detectors.prnu.correlation import correlate, peak_of
from forensics.detectors.prnu.database import CameraDatabase
from forensics.detectors.prnu.fingerprint import Fingerprint, FingerprintBuilder, trace_of
from forensics.detectors.prnu.models import Label, cautions, label_of
from forensics.detectors.prnu.power import reach, share_passed
from forensics.detectors.prnu.records import Camera, checked_name
from forensics.errors import UnsupportedMedia, UsageError
from forensics.media import Kind, Media, open_media

__all__ = ["Enrolment", "enroll"]

ENOUGH = 10  # pictures; with fewer the camera is flagged
_TESTED = 6  # pictures by which the strength of the pattern is measured
_PEERS = 4  # cameras of the model against which its pictures are scored


@dataclass(frozen=True)
class Enrolment:
    """What came of it.

    Attributes:
        camera: The camera, as it is in the database.
        used: Paths of the pictures behind the fingerprint.
        left_out: Path and reason of those that were not used.
    """

    camera: Camera
    used: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Picture:
    path: Path
    label: Label
    shape: tuple[int, int]


def enroll(
    database: CameraDatabase,
    name: str,
    paths: Sequence[str | os.PathLike[str]],
    *,
    mixed: bool = False,
    after_each: Callable[[], None] = lambda: None,
) -> Enrolment:
    """Estimate the fingerprint of a camera from its pictures, one at a time in memory, and keep it.

    Args:
        database: Where to keep it, opened with `create`.
        name: What to call it.
        paths: Pictures that it took, as it wrote them; flat and bright ones serve best.
        mixed: Take pictures that name different cameras or editors, and leave out those of another size than
            most have, in place of refusing them.
        after_each: Called after each picture.

    Raises:
        UsageError: The name is taken; the pictures have different sizes, name different cameras or an editor.
        MediaError: A picture cannot be read.
        CameraError: The database cannot be written.
    """
    checked_name(name)
    if any(name == camera.name for camera in database.cameras()):
        raise UsageError(f"there is a camera called {name!r}; take another name, or forget it first")
    seen = [_looked_at(Path(path)) for path in paths]
    used, left_out = _chosen(seen, mixed)
    label, shape = used[0].label, used[0].shape
    peers = [c for c in database.cameras(shape) if c.label.same_model(label)][:_PEERS]
    patterns = {peer.number: database.fingerprint(peer) for peer in peers}
    strangers: dict[int, list[float]] = {number: [] for number in patterns}
    halves = FingerprintBuilder(), FingerprintBuilder()
    for i, picture in enumerate(used):
        signal = halves[i % 2].add(open_media(picture.path).pixels).signal
        for number, pattern in patterns.items():
            strangers[number].append(peak_of(correlate(signal, pattern), (0, 0), (0, 0)).z)
        after_each()
    strength = _strength(used, halves) if len(used) > 1 else 0.0
    camera = Camera(
        name=name,
        label=label,
        height=shape[0],
        width=shape[1],
        pictures=len(used),
        strength=strength,
        flags=_flags(used, label),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    kept = database.add(camera, halves[0].joined(halves[1]).result(), dict(strangers))
    return Enrolment(kept, tuple(str(p.path) for p in used), left_out)


def _looked_at(path: Path) -> _Picture:
    media = open_media(path)
    shape = _shape_of(media)
    return _Picture(path, label_of(media.metadata), shape)


def _shape_of(media: Media) -> tuple[int, int]:
    image = media.image
    if media.container.kind is not Kind.IMAGE or image is None:
        raise UnsupportedMedia(f"{media.name} is no still picture: a camera is enrolled from pictures")
    return image.height, image.width


def _chosen(seen: list[_Picture], mixed: bool) -> tuple[list[_Picture], tuple[tuple[str, str], ...]]:
    """Return the pictures to use, and those left out with the reason."""
    if not seen:
        raise UsageError("a camera is enrolled from at least one picture", expected=">= 1", actual=0)
    sizes = Counter(picture.shape for picture in seen)
    models = Counter(" ".join((p.label.make, p.label.model, p.label.serial)).strip() for p in seen)
    if not mixed:
        _refuse_mixed([f"{w}x{h}" for h, w in sizes], sorted(models), seen)
    shape = sizes.most_common(1)[0][0]
    reason = f"its size is not {shape[1]}x{shape[0]}, which most of them have"
    left_out = tuple((str(p.path), reason) for p in seen if p.shape != shape)
    return [p for p in seen if p.shape == shape], left_out


def _refuse_mixed(sizes: list[str], models: list[str], seen: list[_Picture]) -> None:
    hint = "enrol them apart, or say that you mean it (--mixed)"
    if len(sizes) > 1:
        raise UsageError(f"the pictures have different sizes ({', '.join(sizes)}); {hint}", actual=sizes)
    if len(models) > 1:
        named = ", ".join(m or "none" for m in models)
        raise UsageError(f"the pictures name different cameras ({named}); {hint}", actual=models)
    edited = next((p for p in seen if p.label.edited), None)
    if edited is not None:
        raise UsageError(
            f"{edited.path} names an editor ({edited.label.software or 'in its metadata'}): "
            "use pictures as the camera wrote them, or say that you mean it (--mixed)"
        )


# Each half of the pictures has a fingerprint, in which those of the other half are looked for: what a
# picture shows of itself would be no measure.
def _strength(used: list[_Picture], halves: tuple[FingerprintBuilder, FingerprintBuilder]) -> float:
    """Return the strength of the pattern in grey levels, the median over some of the pictures."""
    patterns: tuple[Fingerprint, Fingerprint] = (halves[0].result(), halves[1].result())
    step = max(1, len(used) // _TESTED)
    found = []
    for i in list(range(0, len(used), step))[:_TESTED]:
        pixels = open_media(used[i].path).pixels
        trace = trace_of(pixels)
        peak = peak_of(correlate(trace.signal, patterns[1 - i % 2]), (0, 0), (0, 0))
        found.append(max(peak.z, 0.0) / max(reach(trace, share_passed(pixels)), 1e-9))
    return round(statistics.median(found), 6)


def _flags(used: list[_Picture], label: Label) -> tuple[str, ...]:
    flags = list(cautions(label.make))
    if len(used) < ENOUGH:
        flags.append("few_pictures")
    if any(not p.label.same_model(label) for p in used if p.label.model or label.model):
        flags.append("mixed")
    return tuple(flags)
