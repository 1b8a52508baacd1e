"""What a decoder that signs puts into its pictures: the tile of a key and a payload, at a fixed place.

The same bins as a mark of `spread`, so that its search finds it, whatever was done to the picture; nothing
that depends on the picture, so that nothing tells a mark that was copied from one that is at home.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, SIGNED, Payload, message, parse_identity
from forensics.watermark.spread.carriers import Plan, make_plan, tile_of
from forensics.watermark.spread.embedding import data_values

__all__ = ["Signature", "signature"]

Floats = npt.NDArray[np.float32]

_SYNC_SHARE = 0.3  # of the energy


@dataclass(frozen=True)
class Signature:
    """What one decoder signs with.

    Attributes:
        payload: What its mark says.
        tile: (64, 64) float32, of unit mean square.
    """

    payload: Payload
    tile: Floats


def signature(key: Key, identity: str, layout: str = "standard", sync: float = _SYNC_SHARE) -> Signature:
    """Return what a decoder signs with.

    Args:
        key: The secret of whoever issues decoders.
        identity: Whose decoder it is, in hexadecimal digits.
        layout: Name of the layout.
        sync: Share of the energy that finds the mark; the code word has the rest.

    Raises:
        UsageError: The identity does not fit into the layout.
    """
    chosen = LAYOUTS[layout]
    number = parse_identity(identity, chosen)
    version = SIGNED if chosen.version else 0
    code = chosen.code.encode(message(key, number, chosen, version))
    plan = make_plan(key, len(code))
    payload = Payload(layout, version, f"{number:0{chosen.digits}x}", verified=True)
    return Signature(payload, signed_tile(plan, 1 - 2 * code.astype(np.float32), sync))


def signed_tile(plan: Plan, code: Floats, sync: float = _SYNC_SHARE) -> Floats:
    """Return the (64, 64) tile of a code word, of unit mean square.

    Args:
        plan: What each bin carries.
        code: (n,) of +1 and -1.
        sync: Share of the energy that finds the mark.
    """
    values = data_values(plan, code, 0) * np.float32(np.sqrt((1 - sync) / len(plan.data)))
    values[plan.sync] = plan.sync_phases[0] * np.float32(np.sqrt(sync / len(plan.sync)))
    return tile_of(plan, values)
