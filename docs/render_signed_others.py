"""Render the tables of docs/signed_decoders_others.md: `python docs/render_signed_others.py`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from render_tables import RESULTS, load, source, table

__all__ = ["render"]

PAGE = Path(__file__).resolve().parent / "signed_decoders_others.md"
BLOCK = re.compile(r"(?<=<!-- rendered: )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def render(page: str) -> str:
    """Return the page with its tables as the results say, as far as there are results."""

    def filled(found: re.Match[str]) -> str:
        name = found.group(1)
        there = (RESULTS / f"{name}.json").is_file()
        return f"{name}{found.group(2)}" + (_TABLES[name](load(name)) + "\n" if there else "")

    return BLOCK.sub(filled, page)


def _autoencoder(result: dict[str, Any]) -> str:
    signing, trained = result["signing"], result["autoencoder"]
    rows = [
        (f"`{row['attack']}`", f"{row['bits']:.4f}", "" if row["asked"] is None else row["asked"])
        for row in result["attacks"]
    ]
    return (
        f"{source(result)}\n"
        f"The autoencoder was trained for {trained['steps']:.0f} steps in {trained['seconds']:.0f} s and gives photos back "
        f"with {result['psnr_of_autoencoder']} dB; its decoder learned to sign in {signing['steps']:.0f} steps of "
        f"{signing['batch']}, {signing['seconds']:.0f} s. {result['pictures']} photos of 128 px, "
        f"{result['psnr']} dB to what the decoder made before.\n\n"
        + table(("attack", "share of 48 bits read right", "asked for"), rows)
    )


def _models(result: dict[str, Any]) -> str:
    parts = [source(result)]
    for name, row in result["rows"].items():
        attacks = [
            (
                f"`{one['attack']}`", f"{one['bits']:.4f}", f"{100 * one['detected_by_bits']:.0f} %",
                f"{100 * one['detected']:.0f} %", f"{100 * one['read']:.0f} %", one["misread"],
            )
            for one in row["attacks"]
        ]  # fmt: skip
        head = ("attack", "bits right", "detected by 48 bits", "detected", "payload read", "misread")
        parts.append(
            f"**{name}**: `{row['model']}`, signed by `{row['signing']}`. {row['pictures']} of {row['side']} px, "
            f"{row['psnr']} dB to unsigned ones, {row['least_psnr']} dB at least.\n\n{table(head, attacks)}"
        )
        if held := row.get("bits_held"):
            names = [key for key in held[0] if key != "count"]
            cells = [(one["count"], *(f"{one[key]:.4f}" for key in names)) for one in held]
            parts.append(table(("bits in a picture", *(f"`{key}`" for key in names)), cells))
    return "\n".join(parts)


def _ways(result: dict[str, Any]) -> str:
    ways = result["ways"]
    ours, published = ways["tile"], ways["published"]
    attacks = [
        (f"`{name}`", f"{published['attacks'][name]:.4f}", f"{value:.4f}")
        for name, value in ours["attacks"].items()
    ]
    attacks += [
        ("PSNR to unsigned pictures, dB", published["psnr"], ours["psnr"]),
        ("seconds of training, once", "", f"{ours['seconds']:.0f}"),
        ("seconds of training for each key", f"{published['seconds']:.0f}", 0),
    ]
    removal = [
        (
            f"{a['steps']} steps",
            a["bits"],
            a["psnr"],
            a["psnr_of_photo"],
            b["bits"],
            b["psnr"],
            b["psnr_of_photo"],
        )
        for a, b in zip(published["removal"], ours["removal"], strict=True)
    ]
    zero = ours["zeroed"]
    removal.insert(0, ("tile set to zero", "", "", "", zero["bits"], zero["psnr"], zero["psnr_of_photo"]))
    how = result["removal"]
    return (
        f"{source(result)}\n"
        f"{result['steps']} steps of {result['batch']} each; {result['pictures']} photos of 128 px, {result['bits']} bits.\n\n"
        + table(("share of bits read right after", "weights alone, as published", "a tile beside features"), attacks)
        + f"\nRemoval, with Adam at {how['rate']:g} on {how['photos']} other photos, {how['batch']} in a step. The codec "
        f"itself gives photos back with {result['psnr_of_codec']} dB.\n\n"
        + table(
            (
                "removal", "published: bits", "dB to unsigned", "dB to photo", "tile: bits", "dB to unsigned",
                "dB to photo",
            ),
            removal,
        )
    )  # fmt: skip


_TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "autoencoder_kl": _autoencoder,
    "decoder_others": _models,
    "decoder_ways": _ways,
}


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
