"""Renders what benchmarks/decoder_signing.py measured."""

from __future__ import annotations

from typing import Any

from render_tables import RESULTS, load, source, table

__all__ = ["decoders"]


def decoders() -> list[str]:
    """Return the section on decoders that sign; none where they were not measured."""
    if not (RESULTS / "decoder_signing.json").is_file():
        return []
    result = load("decoder_signing")
    text = (
        f"## Decoders that sign\n\n{source(result)}\n"
        f"[Decoders that sign](signed_decoders.md), each picture with a key and {result['bits']} bits of its own. "
        "Bits: the share that is read right at the likeliest place, found blindly. By bits: pictures of which at "
        f"least {result['threshold']} are, which chance reaches at {result['rate']:g}. Detected, read: marks with a "
        "payload, by the suite's own detection at the same rate, which counts its search.\n\n"
        "For comparison, the shares of right bits that the Stable Signature (arXiv:2303.15435, table 1) publishes, "
        "at 512 px, 48 bits and about 30 dB: 0.99 as drawn, 0.95 after a crop to a tenth, 0.88 after JPEG 50, 0.91 "
        "after scaling by 0.7, 0.92 after crop 0.5, brightness 1.5 and JPEG 80 together. Pictures here have a "
        "sixteenth of those pixels or less, and smaller errors.\n\n"
    )
    parts = [_kind(name, row) for name, row in result["rows"].items()]
    return [text + "\n".join(parts)]


def _kind(name: str, row: dict[str, Any]) -> str:
    head = ("attack", "bits", "by bits", "detected", "read", "misread")
    rows = [
        (f"`{one['attack']}`", f"{one['bits']:.4f}", f"{one['detected_by_bits']:.3f}",
         f"{one['detected']:.3f}", f"{one['read']:.3f}", one["misread"])
        for one in row["attacks"]
    ]  # fmt: skip
    text = (
        f"**{name}**: {row['pictures']} pictures of {row['side']} px, PSNR to the unsigned ones {row['psnr']:.2f} dB "
        f"(at least {row['least_psnr']:.2f}).\n\n{table(head, rows)}"
    )
    if "bits_held" not in row:
        return text
    held = [(one["count"], f"{one['none']:.4f}", f"{one['jpeg:80']:.4f}") for one in row["bits_held"]]
    return f"{text}\nHow many bits it holds:\n\n{table(('bits', 'as drawn', 'JPEG 80'), held)}"
