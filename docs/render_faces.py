"""Renders what benchmarks/blink.py measured."""

from __future__ import annotations

from typing import Any

from render_tables import RESULTS, cell, load, source, table

__all__ = ["faces"]


_SAID = {"blink.not_applicable": "too short to miss blinks in", "blink.measured": "blinks as history"}


def faces() -> list[str]:
    """Return the section on blinks; none where they were not measured."""
    if not (RESULTS / "blink.json").is_file():
        return []
    result = load("blink")
    eyes = result["eyes"]
    persons = ", ".join(f"{auc:.3f}" for auc in eyes["auc_of_each_person"].values())
    clips = result["real"] | result["generated"]
    return [
        f"## Blinks\n\n{source(result)}\n"
        f"Open or closed, {eyes['pictures']} stills of {eyes['persons']} persons never seen (MRL): AUC "
        f"**{eyes['auc']:.4f}** (95 % by person {cell(eyes['auc_95_by_person'])}), each person {persons}; "
        f"{100 * eyes['accuracy_at_a_half']:.1f} % right at one half.\n\n"
        "Clips: four of people who act or talk, that of In Ictu Oculi with its one published blink, and two of generated "
        "heads. The thresholds were set by eye on the first four. Power is the chance that a person with so many blinks a "
        "minute would have been noticed to blink. Short clips pay for the start.\n\n"
        + table(
            (
                "clip", "seconds", "blinks", "per minute", "longer closures", "power at 4.5", "at 10", "at 17", "said",
                "frames/s", "by processor time",
            ),
            [_row(name, clip) for name, clip in clips.items()],
        )
        + "\n" + _known(clips)
    ]  # fmt: skip


def _row(name: str, clip: dict[str, Any]) -> tuple[Any, ...]:
    said = "; ".join(_SAID.get(code, f"{code}: {status}") for code, status, _, _ in clip["evidence"])
    speed = (clip["frames_per_second_of_wall_time"], clip["frames_per_second_of_processor_time"])
    if "refused" in clip:
        return (name, *[""] * 7, clip["refused"], *speed)
    power = list(clip["power"].values())[:3]
    counts = (len(clip["blinks"]), clip["per_minute"], len(clip["longer_closures"]))
    return (name, clip["watched_seconds"], *counts, *power, said, *speed)


def _known(clips: dict[str, Any]) -> str:
    known = [(name, clip) for name, clip in clips.items() if "known_blinks_found" in clip]
    return "".join(
        f"{name}: {clip['known_blinks_found']} of the published blinks found, {clip['other_blinks']} others.\n"
        for name, clip in known
    )
