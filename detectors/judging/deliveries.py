"""How pictures reach those who look at them: as they are, saved again, scaled, cropped, off a screen.

Both classes are delivered by the same steps with the same random numbers for one source, and end as files of
the same kind: what a delivery leaves in a file then says nothing of its class.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from forensics.detectors.aligned.storing import Stored, store, verify
from forensics.errors import UsageError
from forensics.media import Media, open_bytes
from forensics.watermark.attacks import Attack, Step, load_suite, parse_attack, suite_names

__all__ = ["AS_IS", "USUAL", "Delivered", "Delivery", "deliver", "parse_deliveries", "parse_delivery"]

AS_IS = "none"
USUAL = (
    AS_IS, "jpeg:95", "jpeg:85", "jpeg:75", "jpeg:50", "webp:80", "resize:0.75", "crop:0.7", "blur:1",
    "noise:3", "screenshot", "double_share",
)  # fmt: skip
_ALIASES = {"double_share": "limit:2048+jpeg:85+resize:0.8+jpeg:75"}
_SPELLED: Mapping[str, Callable[..., str]] = {
    "combined": lambda share, factor, quality: f"crop:{share}+brightness:{factor}+jpeg:{quality}",
    "double_jpeg": lambda quality, first, shift: (
        f"jpeg:{first}+shift:{shift},columns={shift}+jpeg:{quality}"
        if shift
        else f"jpeg:{first}+jpeg:{quality}"
    ),
    "screenshot": lambda scale, frame, quality: (
        "" if frame == "yes" else f"resize:{scale},filter=bilinear+blur:0.5+jpeg:{quality}"
    ),
    "social": lambda longest, quality, sharpen: (
        f"limit:{longest}+{'sharpness:1.5+' if sharpen == 'yes' else ''}jpeg:{quality}"
    ),
}
_SAVES = ("jpeg", "webp")


@dataclass(frozen=True)
class Delivery:
    """One way to be delivered.

    Attributes:
        name: As it was asked for, without spaces.
        before: What is done to the pixels; None for nothing.
        how: How they are stored then; None where the file stays as it is.
    """

    name: str
    before: Attack | None
    how: Stored | None


@dataclass(frozen=True, eq=False)
class Delivered:
    """A picture that was delivered.

    Attributes:
        media: The file that came out.
        size: Its bytes.
        changed: Whether its pixels are others than before.
    """

    media: Media
    size: int
    changed: bool


def parse_delivery(text: str, how: Stored) -> Delivery:
    """Return the delivery that a text names.

    Args:
        text: As `parse_attack` reads it, or with "double_share" among its steps: saved by one service, scaled
            and saved by another. "none" leaves files as they are.
        how: How it is stored where its last step is not a save itself.

    Raises:
        UsageError: There is none like that.

    Example:
        >>> delivery = parse_delivery("blur:1+jpeg:75", Stored("png"))
        >>> str(delivery.before), str(delivery.how)
        ('blur:1', 'jpeg:75:420')
    """
    name = "".join(text.split())
    if name == AS_IS:
        return Delivery(name, None, None)
    plain = "+".join(_ALIASES.get(part, part) for part in name.split("+"))
    steps = [step for given in parse_attack(plain).steps for step in _spelled(given)]
    last = steps[-1]
    if last.operation.name in _SAVES:
        quality, chroma = int(last.values[0]), str(last.values[1]) if len(last.values) > 1 else ""
        how, steps = Stored(last.operation.name, quality, chroma), steps[:-1]
    return Delivery(name, Attack(tuple(steps)) if steps else None, how)


def parse_deliveries(text: str, how: Stored) -> tuple[Delivery, ...]:
    """Return deliveries by a text: several with semicolons between them, or the name of a suite of attacks.

    Files as they are come first, whether the text names them or not: others are compared with them.

    Args:
        text: Such as "none;jpeg:75;screenshot", or "quick"; the usual ones if empty.
        how: See `parse_delivery`.

    Raises:
        UsageError: One is none, or stands there twice.
    """
    if text.strip() in suite_names():
        specs = [str(row.attack) for row in load_suite(text.strip()).rows]
    else:
        specs = [part for part in text.split(";") if part.strip()] or list(USUAL)
    found = [parse_delivery(spec, how) for spec in specs]
    names = [delivery.name for delivery in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"a delivery stands there twice: {', '.join(twice)}", actual=twice)
    rest = [delivery for delivery in found if delivery.name != AS_IS]
    return (Delivery(AS_IS, None, None), *rest)


def deliver(media: Media, delivery: Delivery, source: str) -> Delivered:
    """Deliver a picture, and look whether that is what came out.

    Args:
        media: The picture.
        delivery: The way.
        source: What the picture was made from: all of one source have the same random numbers.

    Raises:
        ForensicsError: The encoder did something else than was asked for.
        MediaError: The picture cannot be decoded.
        UsageError: It is too small for this delivery.
    """
    if delivery.how is None:
        return Delivered(media, len(media.data), changed=False)
    pixels = media.pixels
    if delivery.before is not None:
        pixels = delivery.before(pixels, seed=zlib.crc32(source.encode("utf-8", "surrogateescape")))
    data = store(pixels, delivery.how)
    read = verify(data, pixels, delivery.how)
    changed = read.shape != media.pixels.shape or not np.array_equal(read, media.pixels)
    return Delivered(open_bytes(data, media.name, media.limits), len(data), changed)


def _spelled(step: Step) -> tuple[Step, ...]:
    """Return a step as simple ones, so that the save at its end is a real file; or as it is."""
    spell = _SPELLED.get(step.operation.name)
    text = spell(*step.values) if spell else ""
    return parse_attack(text).steps if text else (step,)
