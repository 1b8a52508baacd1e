"""Real pictures against other real pictures: what size and format alone are worth to a detector of pixels."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.detectors.leaks.classify import cross_validated, folds_of, measure
from forensics.detectors.leaks.facts import Facts, grey
from forensics.detectors.leaks.records import Control, Measured
from forensics.detectors.leaks.sampling import Sample
from forensics.detectors.leaks.spectrum import seen
from forensics.media import open_bytes, open_media
from forensics.media.types import Pixels

__all__ = ["controls_of"]

_LEAST, _MOST = 100, 400  # photos
_DRAWS = 5  # of halves
_ALIKE = 0.9  # share of pictures from which a control would change nothing
_LOSSY = ("jpeg", "webp")
_WEBP = 80  # quality, which a WebP file does not tell
_CHROMA = ("4:4:4", "4:2:2", "4:2:0")

Doubles = npt.NDArray[np.float64]
Luma: TypeAlias = npt.NDArray[np.uint8]
Dress: TypeAlias = Callable[[Pixels, Facts], Luma]


@dataclass(frozen=True)
class _Kind:
    name: str
    about: str
    dress: Dress
    alike: Callable[[Facts, Facts], bool]
    reason: str


def controls_of(reals: Sample, fakes: Sample, bound: float, seed: int) -> tuple[Control, ...]:
    """Return what a detector of spectra tells of real pictures of which one half was treated.

    Every source is in one half only. Of the treated half, each takes the size or format of a fake drawn from
    all. Halves are drawn five times, and what is found is averaged, the ends of the intervals as well: those
    of a single draw are too narrow for so many weights.

    Args:
        reals: Pictures that are all real.
        fakes: Those whose sizes and formats are taken.
        bound: An area under the curve surely above this is a leak.
        seed: Of what is drawn.
    """
    rng = np.random.default_rng([seed, 7])
    chosen = rng.permutation(len(reals.facts))[:_MOST]
    facts = [reals.facts[i] for i in chosen]
    sources = [reals.sources[i] for i in chosen]
    models = [fakes.facts[i] for i in rng.integers(len(fakes.facts), size=len(facts))]
    plain = np.stack([real.seen for real in facts])
    found = []
    for kind in _KINDS:
        reason = _reason(kind, facts, models, sources)
        measured = None
        if not reason:
            treated = [
                seen(kind.dress(open_media(real.path).pixels, fake))
                for real, fake in zip(facts, models, strict=True)
            ]
            measured = _mean([_drawn(plain, np.stack(treated), sources, [seed, r]) for r in range(_DRAWS)])
        leaks = measured is not None and measured.low > bound
        pictures = 0 if reason else len(facts)
        found.append(
            Control(name=kind.name, about=kind.about, pictures=pictures, measured=measured, leaks=leaks,
                    reason=reason)
        )  # fmt: skip
    return tuple(found)


def _reason(kind: _Kind, facts: Sequence[Facts], models: Sequence[Facts], sources: Sequence[str]) -> str:
    """Return why a control says nothing, "" if it does."""
    alike = [kind.alike(real, fake) for real, fake in zip(facts, models, strict=True)]
    if kind.reason and np.mean(alike) >= _ALIKE:
        return kind.reason
    return f"it takes {_LEAST} real pictures of as many sources" if len(set(sources)) < _LEAST else ""


def _drawn(plain: Doubles, treated: Doubles, sources: Sequence[str], seed: list[int]) -> Measured:
    """Return what is told of halves that are drawn once."""
    names = sorted(set(sources))
    half = np.random.default_rng(seed).permutation(len(names)) % 2 == 1
    of_name = dict(zip(names, half, strict=True))
    truth = np.asarray([of_name[source] for source in sources])
    x = np.where(truth[:, None], treated, plain)
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return measure(cross_validated(x, truth, folds_of(sources, seed[1])), truth, sources, seed[0])


def _mean(found: Sequence[Measured]) -> Measured:
    values = {key: float(np.mean([getattr(m, key) for m in found])) for key in Measured.model_fields}
    return Measured(**values)


def _as_is(pixels: Pixels, _fake: Facts) -> Luma:
    return grey(pixels)


def _resized(pixels: Pixels, fake: Facts) -> Luma:
    import cv2

    width, height = _sides(fake)
    smaller = width * height < pixels.shape[0] * pixels.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return grey(np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8))


def _stored(pixels: Pixels, fake: Facts) -> Luma:
    from PIL import Image

    out = io.BytesIO()
    if fake.container["format"] == "webp":
        Image.fromarray(pixels).save(out, "WEBP", quality=_WEBP)
    elif fake.container["format"] == "jpeg":
        chroma = str(fake.container["chroma"])
        quality = int(fake.container["quality"])
        sampling = chroma if chroma in _CHROMA else "4:4:4"
        Image.fromarray(pixels).save(out, "JPEG", quality=quality, subsampling=sampling)
    else:
        return grey(pixels)
    return grey(open_bytes(out.getvalue()).pixels)


def _sides(facts: Facts) -> tuple[int, int]:
    width, height = str(facts.size["size"]).split("x")
    return int(width), int(height)


def _same_size(real: Facts, fake: Facts) -> bool:
    return real.size["size"] == fake.size["size"]


def _same_format(real: Facts, fake: Facts) -> bool:
    keys = ("format", "tables", "chroma")
    lossless = fake.container["format"] not in _LOSSY
    return lossless or all(real.container[key] == fake.container[key] for key in keys)


_KINDS = (
    _Kind("same", "nothing: chance is what is expected", _as_is, lambda _real, _fake: False, ""),
    _Kind(
        "size", "one half scaled to the sizes of the fakes", _resized, _same_size,
        "both classes have the same sizes",
    ),
    _Kind(
        "format", "one half stored as the fakes are", _stored, _same_format,
        "fakes are stored as the reals are, or without loss (then see history)",
    ),
)  # fmt: skip
