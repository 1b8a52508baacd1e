"""Renders what benchmarks/signed_generation.py measured."""

from __future__ import annotations

from render_tables import RESULTS, load, source, table

__all__ = ["signed_generation"]

_HEAD = (
    "what was done", "files", "credentials hold", "mark read alone", "entry is its own", "mark and entry are proof",
    "audit: synthetic", "95 % interval", "the store says",
)  # fmt: skip


def signed_generation() -> list[str]:
    """Return the section on signed pictures from end to end; none where it was not measured."""
    if not (RESULTS / "signed_generation.json").is_file():
        return []
    result = load("signed_generation")
    rows = [
        (
            row["row"], row["pictures"], row["trusted"], row["read"], row["named"], row["both"], row["synthetic"],
            f"{row['interval'][0]:.3f} to {row['interval'][1]:.3f}",
            ", ".join(f"{name} {count}" for name, count in row["said"].items()),
        )
        for row in result["rows"]
    ]  # fmt: skip
    quality, side = result["psnr"], result["side"]
    moved = [row for row in result["rows"] if row["kind"] == "moved"]
    verdicts: dict[str, int] = {}
    for row in moved:
        for name, count in row["verdicts"].items():
            verdicts[name] = verdicts.get(name, 0) + count
    said = ", ".join(f"{name} {count}" for name, count in sorted(verdicts.items()))
    return [
        f"## Signed generation\n\n{source(result)}\n"
        f"{result['pictures']} pictures of `{result['model']}`, {side} x {side} pixels, drawn and signed by "
        "`forensics generate` in an empty folder, and audited with the store that it made. Signed pictures "
        f"differ from unmarked ones of the same seed by {quality['mean']:.1f} dB on average, "
        f"{quality['least']:.1f} dB at worst. A mark that is not read alone is looked for as the entry has it, "
        "where the picture looks like one. Of a mark that was moved to a photo, the entry is that of the picture "
        "which it was taken from.\n\n"
        + table(_HEAD, rows)
        + f"\nVerdicts on photos with a moved mark: {said}.\n"
    ]
