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
from forensics.detectors.leaks.history import combs
from forensics.detectors.leaks.records import Control
from forensics.detectors.leaks.sampling import Sample
from forensics.detectors.leaks.spectrum import profile
from forensics.media import open_bytes, open_media
from forensics.media.types import Pixels

__all__ = ["controls_of", "seen"]

_LEAST, _MOST = 100, 400  # photos; of fewer, intervals of so many weights are too narrow
_ALIKE = 0.9  # share of pictures from which a control would change nothing
_LOSSY = ("jpeg", "webp")
_WEBP = 80  # quality, which a WebP file does not tell
_CHROMA = ("4:4:4", "4:2:2", "4:2:0")

Doubles = npt.NDArray[np.float64]
Luma: TypeAlias = npt.NDArray[np.uint8]
Dress: TypeAlias = Callable[[Pixels, Facts], Luma]


def seen(luma: Luma) -> Doubles:
    """Return what the detector sees of a plane: its spectrum and its combs, (88,)."""
    return np.concatenate([profile(luma), combs(luma).astype(np.float64)])


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
    all.

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
    names = sorted(set(sources))
    half = dict(zip(names, rng.permutation(len(names)) % 2 == 1, strict=True))
    treated = np.asarray([half[source] for source in sources])
    models = [fakes.facts[i] for i in rng.integers(len(fakes.facts), size=len(facts))]
    return tuple(_control(kind, facts, models, sources, treated, bound, seed) for kind in _KINDS)


def _control(
    kind: _Kind,
    facts: Sequence[Facts],
    models: Sequence[Facts],
    sources: Sequence[str],
    treated: npt.NDArray[np.bool_],
    bound: float,
    seed: int,
) -> Control:
    alike = [kind.alike(real, fake) for real, fake in zip(facts, models, strict=True)]
    if kind.reason and np.mean(alike) >= _ALIKE:
        return Control(name=kind.name, about=kind.about, reason=kind.reason)
    if len(facts) < _LEAST or min(treated.sum(), (~treated).sum()) < _LEAST // 4:
        return Control(name=kind.name, about=kind.about, reason=f"it takes {_LEAST} real pictures")
    x = np.stack(
        [
            seen(kind.dress(open_media(real.path).pixels, fake) if is_treated else real.luma)
            for real, fake, is_treated in zip(facts, models, treated, strict=True)
        ]
    )
    spread = x.std(axis=0)
    scores = cross_validated(
        (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1), treated, folds_of(sources, seed)
    )
    measured = measure(scores, treated, sources, seed)
    return Control(
        name=kind.name, about=kind.about, pictures=len(facts), measured=measured, leaks=measured.low > bound
    )


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
