"""The section on cameras of docs/benchmarks.md."""

from __future__ import annotations

from typing import Any

from render_tables import load, source, table

__all__ = ["cameras"]


def cameras() -> tuple[str, ...]:
    """Return the section: accuracy, speed, identification, calibration."""
    return (_accuracy(), _speed(), _calibration())


def _accuracy() -> str:
    result = load("prnu")
    rows = [_row("ours", one) for one in result["accuracy"]] + [
        _row("prnu-python", one) for one in result["peer"]
    ]
    head = (
        "by",
        "side",
        "score",
        "AUC",
        "95 % of pictures drawn again",
        "least match",
        "median",
        "largest other",
    )
    strangers = "; ".join(
        f"{one['pairs']} pairs at {one['side']}: largest height {one['largest_height']}, spread {one['spread']}, "
        f"p below 0.01 in {one['p_below_0.01']}"
        for one in result["strangers"]
    )
    return (
        f"## Which camera took it\n\n{source(result)}\n"
        "Three bodies (two of one model), six flat pictures each, nine natural pictures: 27 pairs, nine of them "
        "matches, so that one pair is worth 0.006 of an AUC. Scores of ours are peak to correlation energies, "
        "for which the peak is looked for at the one place where it can be, or at all shifts, as the reference "
        "implementation does; of the signs it is the agreement in standard deviations.\n\n"
        + table(head, rows)
        + f"\nPictures of other cameras and scans against the three: {strangers}.\n"
    )


def _row(who: str, one: dict[str, Any]) -> tuple[Any, ...]:
    spread = f"{one['auc_low']} to {one['auc_high']}"
    scores = tuple(one[name] for name in ("least_match", "median_match", "largest_other"))
    if one["method"] == "NCC":  # correlations of a hundredth: the digits kept say nothing
        scores = ("", "", "")
    return (who, one["side"], one["method"], one["auc"], spread, *scores)


def _speed() -> str:
    result = load("prnu")
    rows = []
    for one in result["speed"]:
        for name, words in (("by_channel", "by channel, the same arithmetic"), ("grey_first", "grey first")):
            rows.append(
                (
                    one["side"], words, f"{1000 * one['seconds_peer']:.0f} ms",
                    f"{1000 * one[f'seconds_{name}']:.0f} ms", one[f"times_faster_{name}"],
                    one[f"median_correlation_{name}"], one[f"least_correlation_{name}"],
                )
            )  # fmt: skip
    found = result["identification"]
    head = ("side", "way", "prnu-python", "ours", "times faster", "correlation with it, median", "least")
    return (
        f"## Patterns: extraction and identification\n\n{source(result)}\n"
        "One cleaned residual with the reference's settings (noise of 5 grey levels), median over the nine "
        "pictures; seconds of the processor, in one thread.\n\n"
        + table(head, rows)
        + f"\nIdentification among {found['fingerprints']} cameras of 512 x 512 by their signs "
        f"({found['bytes_each']} bytes each): {found['per_second_in_memory']:,} a second of the processor in memory, "
        f"{found['per_second_from_database']:,} a second from the database.\n"
    )


def _calibration() -> str:
    result = load("prnu_calibration")
    low, *_, high = result["own_over_expected"]
    return (
        f"## What a matching pattern weighs\n\n{source(result)}\n"
        f"Simulated sensors that took no part in the calibration: {result['own']} pictures with their own "
        f"sensor, {result['strangers']} pairs with others. AUC {result['auc']}, Cllr {result['cllr']}; "
        f"LLR 0 at a height of {result['llr_0_at_height']}, the largest LLR is {result['largest_llr']}. "
        f"Strangers above LLR 0: {result['strangers_above_llr_0']}; own pictures above it: "
        f"{result['own_above_llr_0']}. Heights over those expected: {low} to {high}.\n"
    )
