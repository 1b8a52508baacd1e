"""The pictures to compare: read alike, or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from forensics.datasets.corpora import CORPORA
from forensics.datasets.packs import Pack, load_pack
from forensics.errors import UsageError
from forensics.files import encodable
from forensics.report.safe import printable

__all__ = ["Source", "load", "notes", "sizes_of"]

_ALL = 10**9
_CORPUS = 20_000  # pictures of a procedural corpus that a training takes
_NAMED = 3  # files left out that are named; the others are counted


@dataclass(frozen=True, eq=False)
class Source:
    """One set of pictures.

    Attributes:
        role: What it is called on the command line.
        path: Where it is.
        pack: What is in it.
    """

    role: str
    path: str
    pack: Pack


def load(
    made: str, real: str, train: str | None, side: int | None, most: int, seed: int
) -> tuple[Source, ...]:
    """Read all sets.

    Args:
        made: Folder or archive of made pictures.
        real: Of real ones.
        train: Of those that the generator was trained on, if they are given; they are all read.
        side: Side of the squares that all pictures are cut into; None takes them as they are.
        most: Made pictures at most; of real ones, twice as many.
        seed: Which ones, if there are more. Real ones of a procedural corpus have the seed after it:
            trainings have seed 0.

    Raises:
        UsageError: A set is none, or without `side`, not all pictures are squares of one size.
    """
    drawn = load_pack(made, side, most, seed=seed, without=_overview(made))
    common = side or drawn.squares.shape[1]
    other = seed + (real in CORPORA)
    sources = [Source("MADE", made, drawn)]
    sources.append(
        Source("REAL", real, load_pack(real, common, 2 * most, seed=other, without=_overview(real)))
    )
    if train is not None:
        every = _CORPUS if train in CORPORA else _ALL
        sources.append(Source("--train", train, load_pack(train, common, every)))
    if side is None:
        _check_sizes(sources, common)
    return tuple(sources)


def notes(sources: Sequence[Source]) -> list[str]:
    """Return what a reader of the figures has to know of the sets, a line each."""
    lines = []
    for source in sources:
        lines += _left_out(source, source.pack.unreadable, "unreadable")
        lines += _left_out(source, source.pack.small, "too small")
    made, *others = sources
    for other in others:
        if set(made.pack.formats) != set(other.pack.formats):
            lines.append(
                f"MADE is stored as {_formats(made)} and {other.role} as {_formats(other)}: what compression "
                "does counts as a difference"
            )
    lines += _shared(sources)
    return lines


def sizes_of(source: Source) -> dict[str, int]:
    """Return how many pictures of a set had which size before they were cut, the most frequent first."""
    return {f"{width}x{height}": count for (width, height), count in source.pack.sizes.most_common()}


def _overview(source: str) -> tuple[str, ...]:
    """Return what `forensics generate` writes beside pictures: all of them in one."""
    return ("grid.png",) if (Path(source) / "settings.json").is_file() else ()


def _check_sizes(sources: Sequence[Source], side: int) -> None:
    for source in sources:
        if set(source.pack.sizes) != {(side, side)}:
            found = ", ".join(list(sizes_of(source))[:3])
            raise UsageError(
                f"{source.role} holds pictures of {found}: the first of MADE has {side} pixels a side, and "
                "sets that were cut or scaled differently are far apart for that alone; bring all to one "
                f"square size, or cut all into squares with --side {side}",
                expected=f"{side}x{side}",
                actual=found,
            )


def _left_out(source: Source, names: Sequence[str], why: str) -> list[str]:
    if not names:
        return []
    named = ", ".join(printable(encodable(name)) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"left out of {source.role}, {why}: {named}{more}"]


def _formats(source: Source) -> str:
    return ", ".join(name.upper() for name, _ in source.pack.formats.most_common())


def _shared(sources: Sequence[Source]) -> list[str]:
    """Say which sets hold the same pictures, bit by bit, that should not."""
    counts = {source.role: Counter(_digests(source.pack)) for source in sources}
    lines = []
    for first, second in (("MADE", "REAL"), ("REAL", "--train")):
        if second in counts:
            same = sum(count for digest, count in counts[first].items() if digest in counts[second])
            if same:
                lines.append(f"{same} of {first} are also in {second}: figures look better than they are")
    return lines


def _digests(pack: Pack) -> list[bytes]:
    return [sha256(square.tobytes()).digest() for square in pack.squares]
