"""Did the deliveries happen? Encoders and scripts take wrong options without a word.

The robustness test of a well-known paper passed the quality of JPEG as the number of a parameter: whatever
it asked for, every file was stored at quality 95. Here each file is looked at when it is written (format,
quality table, chroma, size: `verify`), and then all of them together: a delivery that changes no pixel of any
picture, and two of different names that give the same files, are errors.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

from forensics.detectors.judging.deliveries import AS_IS
from forensics.detectors.judging.looking import Shown
from forensics.detectors.judging.results import CorpusRecord, DeliveryRecord
from forensics.errors import ForensicsError

__all__ = ["check", "corpus_of", "deliveries_of"]


def check(shown: Sequence[Shown]) -> None:
    """Refuse deliveries that did nothing, or the same as another one.

    Raises:
        ForensicsError: There are some; the message names them.
    """
    files = _by_delivery(shown)
    changed = {name: any(s.looked.changed for s in members) for name, members in files.items()}
    idle = [name for name, moved in changed.items() if name != AS_IS and not moved]
    if idle:
        message = f"a delivery changed no pixel of any picture: {', '.join(idle)}; leave it out"
        raise ForensicsError(message, actual=idle)
    made = {name: {s.sample.name: s.looked.delivered for s in members} for name, members in files.items()}
    for one, other in combinations(made, 2):
        common = made[one].keys() & made[other].keys()
        if common and all(made[one][key] == made[other][key] for key in common):
            raise ForensicsError(
                f"two deliveries give the same files: {one} and {other}; leave one out", actual=(one, other)
            )


def deliveries_of(shown: Sequence[Shown]) -> tuple[DeliveryRecord, ...]:
    """Return what each delivery did, in the order in which they come."""
    found = []
    for name, members in _by_delivery(shown).items():
        sides = [[s.looked for s in members if s.sample.fake is fake] for fake in (False, True)]
        found.append(
            DeliveryRecord(
                name=name,
                real=len(sides[0]),
                fake=len(sides[1]),
                changed=sum(s.looked.changed for s in members),
                formats=dict(sorted(Counter(s.looked.format for s in members).items())),
                real_bytes_per_pixel=_density([(x.size, x.pixels) for x in sides[0]]),
                fake_bytes_per_pixel=_density([(x.size, x.pixels) for x in sides[1]]),
            )
        )
    return tuple(found)


def corpus_of(name: str, split: str, shown: Sequence[Shown]) -> CorpusRecord:
    """Return what pictures were shown, so that another run can be seen to have had the same.

    Args:
        name: Of the corpus.
        split: "" for all of it.
        shown: Its pictures.
    """
    files = sorted({(s.sample.name, s.looked.sha256) for s in shown})
    digest = hashlib.sha256("\n".join(f"{file} {sha}" for file, sha in files).encode()).hexdigest()
    sides = [[s for s in shown if s.sample.fake is fake] for fake in (False, True)]
    native = [[s.looked.format for s in side if s.looked.delivery == AS_IS] for side in sides]
    formats = [dict(sorted(Counter(names).items())) for names in native]
    return CorpusRecord(
        name=name,
        split=split,
        real=len({s.sample.name for s in sides[0]}),
        fake=len({s.sample.name for s in sides[1]}),
        real_sources=len({s.sample.source for s in sides[0]}),
        fake_sources=len({s.sample.source for s in sides[1]}),
        real_formats=formats[0],
        fake_formats=formats[1],
        sha256=digest,
    )


def _by_delivery(shown: Sequence[Shown]) -> dict[str, list[Shown]]:
    found: defaultdict[str, list[Shown]] = defaultdict(list)
    for one in shown:
        found[one.looked.delivery].append(one)
    return dict(found)


def _density(files: Sequence[tuple[int, int]]) -> float | None:
    pixels = sum(count for _, count in files)
    return round(sum(size for size, _ in files) / pixels, 4) if pixels else None
