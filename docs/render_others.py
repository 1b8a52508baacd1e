"""The parts of docs/benchmarks.md that are about the marks of others."""

from __future__ import annotations

from typing import Any

from render_tables import cell, source, table

__all__ = ["known_payloads", "side_by_side"]

BEHIND = {"found": "finds more", "bit_accuracy": "reads more bits right"}
RAW = "bit_accuracy_before_decoding"


def side_by_side(result: dict[str, Any]) -> str:
    """Return our marks beside others: a cell is how many were found, and the share of bits read right."""
    peers = [pair["peer"] for pair in result["attacks"][0]["pairs"]]
    rows = [
        (
            f"`{row['attack']}`",
            _found(row["ours"]),
            *(_found(pair[whose]) for pair in row["pairs"] for whose in ("theirs", "ours")),
        )
        for row in result["attacks"]
    ]
    head = ("attack", "ours, 40 dB", *(name for peer in peers for name in (peer, "ours beside it")))
    versions = ", ".join(f"{name} {number}" for name, number in result["peers"].items())
    return (
        f"## Our marks beside other open ones\n\n{source(result)}\n"
        f"{len(result['pictures'])} photos at {result['side']} x {result['side']} pixels, {versions}. The others carry 32 "
        "random bits, ours 36 and a tag of 24. Beside each of the others, ours is embedded at the PSNR that the other "
        "has on that picture, and at 40 dB at least. A cell says in how many pictures the mark was found at a "
        f"false-alarm rate of {result['rate']:g}, and the share of payload bits that were read right (0.5 is chance). "
        "The others have no test for presence: theirs is a binomial test on the payload that was embedded, which a "
        "real detector would have to be told.\n\n"
        + table(head, rows)
        + f"\n{_lost(result)}\n"
        + _costs(result)
    )


def _found(record: dict[str, Any]) -> str:
    return f"{record['found']} · {record['bit_accuracy']:.2f}"


def _lost(result: dict[str, Any]) -> str:
    """Name the rows in which another is ahead."""
    lines = [
        f"- `{row['attack']}`: {row['peer']} {' and '.join(BEHIND[f] for f in row['behind'] if f != RAW)}."
        for row in result["lost"]
        if set(row["behind"]) - {RAW}
    ]
    raw = [f"`{row['attack']}` ({row['peer']})" for row in result["lost"] if row["behind"] == [RAW]]
    attacks = len({row["attack"] for row in result["lost"] if set(row["behind"]) - {RAW}})
    head = (
        f"**Lost: {attacks} of {len(result['attacks'])} rows**, in which another did better than ours, which is at least "
        f"as faint there (as many bits as coins get right in {result['chance']:.0%} of tries do not count as read):\n\n"
    )
    said = head + "\n".join(lines) + "\n" if lines else "**No row is lost.**\n"
    if raw:
        said += f"\nOurs had more wrong bits before its error correction, and no more after it: {', '.join(raw)}.\n"
    return said


def _costs(result: dict[str, Any]) -> str:
    keys = {
        "payload_bits": "bits",
        "mean_psnr": "PSNR, mean",
        "least_psnr": "least",
        "mean_ssim": "SSIM",
        "mean_gmsd": "GMSD",
        "embed_seconds_per_megapixel": "s per megapixel, marking",
        "extract_seconds_per_megapixel": "reading",
        "extract_seconds_per_megapixel_attacked": "reading, over all attacks",
    }
    rows = [(m["method"], *(cell(m[key]) for key in keys)) for m in result["methods"]]
    first, *others = result["methods"]
    quicker = [
        f"{m['method']} is quicker at {keys[key]}"
        for key in list(keys)[-3:]
        for m in others
        if m[key] < first[key]
    ]
    alike = [m["method"] for m in others if m["mean_ssim"] > first["mean_ssim"]]
    said = f"Lost in time: {'; '.join(quicker)}." if quicker else "Ours is the quickest in each column."
    if alike:
        said += f" Lost in SSIM: {', '.join(alike)} change the luminance less."
    return (
        "What marking costs. Times are medians on one thread; SSIM and GMSD look at the luminance, which dwtDct and "
        "dwtDctSvd leave alone:\n\n" + table(("method", *keys.values()), rows) + f"\n{said}\n"
    )


def known_payloads(result: dict[str, Any]) -> str:
    """Return how often unmarked pictures look like payloads that are known to the public."""
    rows = [
        (f"{row['rate']:g}", f"{row['measured']:.2g}", " to ".join(f"{v:.2g}" for v in row["interval"]))
        for row in result["summary"]
    ]
    every = result["rows"][-1]
    return (
        f"## Payloads of public programs in unmarked pictures\n\n{source(result)}\n"
        f"{every['comparisons']} comparisons of {result['pictures']} unmarked pictures with the payloads that Stable "
        "Diffusion and FLUX.1 embed (dwtDct and dwtDctSvd, both orders of colours): photos, mosaics of small photos, and "
        "generated pictures. P-values before the correction for "
        f"the number of comparisons; the smallest is {every['smallest p-value']:.1g}.\n\n"
        + table(("declared rate", "measured rate", "95 %"), rows)
    )
