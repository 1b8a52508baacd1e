"""Embed, then verify: a mark is handed out only if it survives what was agreed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.errors import WatermarkError
from forensics.watermark.attacks import Attack
from forensics.watermark.detection import Marked, Pixels
from forensics.watermark.watermarker import RATE, Watermarker

__all__ = ["Check", "Kept", "embed_and_verify"]

_STEP = 1.0  # dB


@dataclass(frozen=True)
class Check:
    """One attack of a contract, tried.

    Attributes:
        attack: What was done, as in "jpeg:50"; "none" for the marked picture itself.
        log10_p: log10 p-value of the detection afterwards.
        exact: The payload was read exactly.
    """

    attack: str
    log10_p: float
    exact: bool


@dataclass(frozen=True)
class Kept:
    """A marked picture that keeps a contract.

    Attributes:
        marked: The picture.
        checks: What was tried.
    """

    marked: Marked
    checks: tuple[Check, ...]


def embed_and_verify(
    marker: Watermarker,
    pixels: Pixels,
    payload: str = "0",
    contract: Sequence[Attack] = (),
    *,
    rate: float = RATE,
    least_psnr: float = 36.0,
    seed: int = 0,
) -> Kept:
    """Mark a picture as weakly as the contract allows.

    The mark starts at the marker's PSNR and becomes stronger, 1 dB at a time, until it is detected at the
    rate and read exactly after every attack.

    Args:
        marker: Key, layout and PSNR to start with.
        pixels: (H, W, 3) uint8 RGB.
        payload: Identity in hexadecimal digits.
        contract: What the mark must survive.
        rate: False-alarm rate of the detection.
        least_psnr: The strongest mark that is tried, in dB.
        seed: Of attacks that draw.

    Raises:
        UsageError: The picture or the payload does not fit.
        WatermarkError: Even the strongest mark does not keep the contract; the message names the attack.
    """
    psnr = marker.psnr
    while True:
        stronger = Watermarker(marker.key, layout=marker.layout.name, psnr=psnr, codec=marker.codec.name)
        marked = stronger.embed(pixels, payload)
        checks = _checks(marker, marked, contract, rate, seed)
        failed = [check for check in checks if not check.exact or check.log10_p > np.log10(rate)]
        if not failed:
            return Kept(marked, checks)
        if psnr <= least_psnr:
            raise WatermarkError(
                f"the mark does not survive {failed[0].attack} in this picture, not even at {psnr:.1f} dB; "
                "a flat or small picture holds less: allow a lower PSNR or ask for less",
                expected=f"p <= {rate:g} and the payload exact",
                actual=f"p = 10^{failed[0].log10_p:.1f}",
            )
        psnr = max(least_psnr, psnr - _STEP)


def _checks(
    marker: Watermarker, marked: Marked, contract: Sequence[Attack], rate: float, seed: int
) -> tuple[Check, ...]:
    checks = []
    for name, pixels in _attacked(marked.pixels, contract, seed):
        found = marker.detect(pixels, rate=rate)
        exact = found.payload == marked.payload
        checks.append(Check(name, found.log10_p, exact))
        if not exact:
            break
    return tuple(checks)


def _attacked(pixels: Pixels, contract: Sequence[Attack], seed: int) -> Iterator[tuple[str, Pixels]]:
    yield "none", pixels
    for attack in contract:
        yield str(attack), attack(pixels, seed=seed)
