"""The codec `learned`, ready to use."""

from __future__ import annotations

from functools import cache

from forensics.runtime.store import bundled
from forensics.watermark.learned.frontend import Learned
from forensics.watermark.spread.codec import Codec
from forensics.watermark.spread.nulls import Nulls, load
from forensics.watermark.statistics import Null

__all__ = ["BUNDLE", "NULLS", "learned"]

BUNDLE, NULLS = "watermark_learned", "nulls.json"


@cache
def learned() -> Codec:
    """Return the codec with the weights that come with the suite.

    Raises:
        ModelError: They are missing or changed.
    """
    bundle = bundled(BUNDLE)
    measured = bundle.folder / NULLS
    nothing = Nulls("nothing measured", Null(), Null(), front=Learned.name)
    nulls = load(measured)[0] if measured.is_file() else nothing
    return Codec("learned", Learned(bundle), nulls, alternating=True)  # clear of the tiles of `spread`
