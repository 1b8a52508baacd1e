"""The part of docs/benchmarks.md that is about generators."""

from __future__ import annotations

from render_quality import quality
from render_tables import RESULTS, load, source, table

__all__ = ["generators"]

_SPEED = {"generator_speed_cpu": "on CPUs", "generator_speed_cuda": "on a GPU"}


def generators() -> list[str]:
    """Return the sections for which there are results."""
    parts = [_speed(name, where) for name, where in _SPEED.items() if _there(name)]
    peers = [_peers()] if _there("generator_peers") else []
    return [*quality(), *parts, *peers]


def _there(name: str) -> bool:
    return (RESULTS / f"{name}.json").is_file()


def _speed(name: str, where: str) -> str:
    result = load(name)
    head = (
        "family", "preset", "side", "weights", "batch", "trained per second", "sampler's steps", "drawn per second",
    )  # fmt: skip
    rows = [
        (
            row["family"], f"`{row['preset']}`", row["side"], f"{row['weights'] / 1e6:.2f} M", row["batch"],
            row["trained_per_s"], row.get("steps") or "", row.get("drawn_per_s", ""),
        )
        for row in result["rows"]
    ]  # fmt: skip
    return (
        f"## How fast generators train and draw, {where}\n\n{source(result)}\n"
        "Pictures, or clips, per second: medians of single steps of the loop that `forensics train` runs, and of three "
        "drawings by ONNX Runtime. The JSON has the load of the machine at each row.\n\n" + table(head, rows)
    )


def _peers() -> str:
    result = load("generator_peers")
    peers = ", ".join(f"{name} {version}" for name, version in result["peers"].items())
    rows = [
        (
            row["row"], f"{row['our_weights'] / 1e6:.2f} M", f"{row['their_weights'] / 1e6:.2f} M",
            row["ours_per_s"], row["theirs_per_s"], f"{row['ratio']:.2f}",
        )
        for row in result["rows"]
    ]  # fmt: skip
    head = ("row", "our weights", "their weights", "ours per second", "theirs per second", "ratio")
    return (
        f"## Generators beside diffusers and torchcfm\n\n{source(result)}\n"
        f"{peers}; {result['side']} pixels, batches of {result['batch']}, {result['threads']} threads; medians, in turn. "
        "Above 1 ours are faster.\n\n" + table(head, rows)
    )
