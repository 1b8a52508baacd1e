"""Pictures with classes and captions: of folders and archives as people keep them, or procedural ones."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

import numpy as np

from forensics.datasets.corpora import CORPORA
from forensics.datasets.labelled import Labelled, Pictures
from forensics.datasets.listing import Member, members_of, texts_of, with_suffix
from forensics.datasets.numbering import at_least
from forensics.datasets.squares import SUFFIXES, centred, picture_of, upright
from forensics.datasets.tally import Tally
from forensics.errors import MediaError
from forensics.files import encodable

__all__ = ["load_labelled"]

_CAPTION_BYTES = 64 * 1024  # of a text that may be a caption
_CAPTION = 1000  # characters of it that are kept


@dataclass(frozen=True)
class _Sample:
    """One picture: its file, its text if there is one, its class, and whether a folder gives that."""

    member: Member
    text: Member | None
    name: str
    sorted_in: bool


def load_labelled(source: str | Path, side: int, most: int = 20_000, seed: int = 0) -> Labelled:
    """Return pictures with classes and captions: the middle square of each, scaled down.

    A class is a folder, the outermost that not all pictures share; those in none are a class that is named
    after the source. PICTURE.txt beside PICTURE.jpg is its caption; without it, that is the name of its class
    if a folder gives one, or nothing. Classes take turns, so that any part of a corpus holds some of each.

    Args:
        source: A folder, a tar archive, or the name of a procedural corpus: "procedural", "shapes",
            "textures".
        side: Side of the squares in pixels; smaller pictures are left out.
        most: At most so many.
        seed: Of a procedural corpus, 0 or more.

    Raises:
        UsageError: There is no such source, it holds nothing that can be used, or a number is too small.
    """
    at_least(1, side=side, most=most)
    if isinstance(source, str) and source in CORPORA:
        return CORPORA[source](seed, most, side)
    tally = Tally("pictures", SUFFIXES, f"at least {side} x {side} pixels")
    with members_of(source, sorted(CORPORA)) as members:
        samples = _in_turns(_samples(members, Path(source).resolve().stem))
        pictures = _loaded(samples, side, most, tally)
        kept = [samples[number] for number in sorted(pictures)]
        captions = tuple(_caption(sample) for sample in kept)
    if not kept:
        raise tally.refusal(source)
    classes = tuple(sorted({sample.name for sample in samples}))
    labels = np.array([classes.index(sample.name) for sample in kept], np.int64)
    pixels = np.stack([pictures[number] for number in sorted(pictures)])
    return Labelled(pixels, labels, captions, classes, tally.unreadable, tally.small)


def _samples(members: Sequence[Member], name: str) -> list[_Sample]:
    """Return the pictures among files, with their classes; those in no folder have the name that is given."""
    pictures, texts = with_suffix(members, SUFFIXES), texts_of(members)
    shared = _shared([picture.parts[:-1] for picture in pictures])
    found = []
    for picture in pictures:
        inner = picture.parts[len(shared) : -1]
        folder = (*inner, *shared[-1:], name)[0]
        text = texts.get((*picture.parts[:-1], PurePosixPath(picture.parts[-1]).stem))
        found.append(_Sample(picture, text, encodable(folder), bool(inner)))
    return found


def _shared(folders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the folders in which all pictures lie, from the outermost on."""
    levels = takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False))
    return tuple(names[0] for names in levels)


def _in_turns(samples: Sequence[_Sample]) -> list[_Sample]:
    """Return the first of every class, then the second of every class, and so on."""
    places: defaultdict[str, int] = defaultdict(int)
    ranked = []
    for sample in samples:
        ranked.append((places[sample.name], sample.name, sample))
        places[sample.name] += 1
    return [sample for _, _, sample in sorted(ranked, key=lambda item: item[:2])]


def _loaded(samples: Sequence[_Sample], side: int, most: int, tally: Tally) -> dict[int, Pictures]:
    """Return up to `most` pictures by the numbers of their samples.

    An archive is read from front to back where that is possible: in a compressed one, every way back is a new
    start.
    """
    waiting, found = deque(enumerate(samples)), dict[int, Pictures]()
    while waiting and len(found) < most:
        batch = [waiting.popleft() for _ in range(min(len(waiting), most - len(found)))]
        for number, sample in sorted(batch, key=lambda item: item[1].member.position):
            media = picture_of(sample.member)
            if media is None:
                tally.unreadable += 1
            elif min(media.pixels.shape[:2]) < side:
                tally.small += 1
            else:
                found[number] = centred(upright(media), side)
    return found


def _caption(sample: _Sample) -> str:
    """Return what is said of a picture, in one line."""
    if sample.text is not None:
        try:
            words = sample.text.read(_CAPTION_BYTES).decode("utf-8-sig", "replace").split()
        except MediaError:
            words = []
        if words:
            return " ".join(words)[:_CAPTION]
    return sample.name.replace("_", " ") if sample.sorted_in else ""
