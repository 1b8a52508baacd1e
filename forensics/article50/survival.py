"""Does the mark outlive what happens to files? Copies are made, stripped, attacked, and looked at again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from forensics.article50.records import Finding, Outcome
from forensics.article50.subject import Subject
from forensics.errors import MediaError, RestorationError, UsageError
from forensics.evidence import Measurement
from forensics.media import Pixels
from forensics.watermark.detection import Detection
from forensics.watermark.keys import Key

__all__ = ["Copy", "survives", "tried"]

_FRAMES = 32  # of a clip that copies are made of
_MOST_PIXELS = 64_000_000  # of these frames together
STRIPPED = "metadata stripped"


@dataclass(frozen=True)
class Copy:
    """A copy that was looked at.

    Attributes:
        attack: What was done to it, as `watermark.attacks` writes it.
        found: What was found in it; None where that cannot be done to such a picture.
        kept: Whether the mark is found at the rate and says the same.
        note: Why nothing was looked for, "" where something was.
    """

    attack: str
    found: Detection | None
    kept: bool
    note: str = ""


def survives(subject: Subject) -> Finding:
    """Say whether the mark alone is still found in copies that were stripped and attacked."""
    if subject.settings.quick:
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason="Left out: no copies were made (--quick).")
    if subject.mark is None or subject.key is None:
        reason = "There is no watermark of its own that could survive anything."
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason=reason)
    copies = tuple(tried(subject, subject.mark, subject.key))
    evidence = tuple(Measurement(name=copy.attack, value=_words(copy)) for copy in copies)
    done = [copy for copy in copies if copy.found is not None]
    lost = [copy.attack for copy in done if not copy.kept]
    if lost:
        reason = f"The watermark does not survive {', '.join(lost)}."
        return Finding(outcome=Outcome.FAIL, reason=reason, evidence=evidence)
    if not done:
        return Finding(outcome=Outcome.UNKNOWN, reason="No copy could be made of it.", evidence=evidence)
    reason = f"The watermark alone was found again in all {len(done)} copies."
    return Finding(outcome=Outcome.PASS, reason=reason, evidence=evidence)


def tried(subject: Subject, mark: Detection, key: Key) -> Iterator[Copy]:
    """Yield every copy that was made.

    Args:
        subject: The file.
        mark: The mark that was found in it.
        key: Its key.

    Raises:
        UsageError: There is no attack of such a name.
    """
    yield from _clips(subject, mark, key) if subject.is_clip else _pictures(subject, mark, key)


def _pictures(subject: Subject, mark: Detection, key: Key) -> Iterator[Copy]:
    from forensics.watermark.attacks import parse_attack
    from forensics.watermark.watermarker import detect

    def look(pixels: Pixels) -> Detection:
        return detect(pixels, [key], rate=subject.settings.rate, codecs=[mark.codec])

    pixels = subject.media.pixels
    yield _stripped(subject, mark, look)
    for attack in map(parse_attack, subject.settings.copies):
        yield _copy(str(attack), mark, lambda attack=attack: look(attack(pixels)))  # type: ignore[misc]


def _stripped(subject: Subject, mark: Detection, look: Callable[[Pixels], Detection]) -> Copy:
    """Take all metadata out of the file itself, and look at what is left."""
    from forensics.media import open_bytes

    copy = open_bytes(_bare(subject))
    same = copy.pixel_sha256 == subject.media.pixel_sha256  # then the same is found
    return _copy(STRIPPED, mark, lambda: mark if same else look(copy.pixels))


def _bare(subject: Subject) -> bytes:
    """Return the file without metadata; its pixels as PNG where it cannot be taken apart."""
    from PIL import Image

    from forensics.provenance import CredentialState
    from forensics.provenance.reading import read_bytes
    from forensics.provenance.restoring.stripping import bare

    try:
        left = bare(subject.media.data)
        if read_bytes(left, subject.settings.trust).state is CredentialState.NONE:
            return left
    except (MediaError, RestorationError):
        pass
    buffer = io.BytesIO()
    Image.fromarray(subject.media.pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


# What is decoded carries no metadata, so that the credentials are gone from every copy.
def _clips(subject: Subject, mark: Detection, key: Key) -> Iterator[Copy]:
    from forensics.watermark.attacks import parse_attack
    from forensics.watermark.attacks.video import attack_frames
    from forensics.watermark.clips.detecting import detect_frames

    height, width = subject.media.pixels.shape[:2]
    count = max(1, min(_FRAMES, _MOST_PIXELS // (height * width)))
    frames = [frame.pixels for frame in islice(subject.media.frames(count), count)]
    for attack in map(parse_attack, ("none", *subject.settings.clip_copies)):

        def look(attack: object = attack) -> Detection:
            changed = attack_frames(frames, attack)  # type: ignore[arg-type]
            return detect_frames(changed, [key], rate=subject.settings.rate)

        name = f"{STRIPPED}, {len(frames)} frames" if str(attack) == "none" else str(attack)
        yield _copy(name, mark, look)


def _copy(name: str, mark: Detection, look: Callable[[], Detection]) -> Copy:
    try:
        found = look()
    except UsageError as error:
        return Copy(name, None, False, str(error))
    same = mark.payload is None or found.payload == mark.payload
    return Copy(name, found, found.detected and same)


def _words(copy: Copy) -> str:
    if copy.found is None:
        return f"not tried: {copy.note}"
    chance = f"p = 10^{copy.found.log10_p:.1f}"
    if copy.kept:
        return f"found, {chance}"
    return f"found, {chance}, but it does not say the same" if copy.found.detected else f"lost, {chance}"
