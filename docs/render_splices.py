"""Renders what benchmarks/two_stream.py and calibrate_two_stream.py measured."""

from __future__ import annotations

from render_tables import RESULTS, cell, load, source, table

__all__ = ["splices"]

HEAD = (
    "stored", "pairs", "AUC (95 %)", "forged one higher",
)  # fmt: skip


def splices() -> list[str]:
    """Return the section on the two streams; none where they were not measured."""
    if not (RESULTS / "two_stream.json").is_file():
        return []
    result, own = load("two_stream"), load("two_stream_calibration")
    rows = [
        (
            name,
            r["pairs"],
            f"{r['auc']:.3f} ({cell(r['auc_95'])})",
            cell(r["forged_one_higher"]),
        )
        for name, r in result["casia1"].items()
    ]
    cost = result["cost"]
    return [
        f"## Splices by two streams\n\n{source(result)}\n"
        "Splices of CASIA 1, on which nothing was learned, chosen or calibrated. They were made with another program, and "
        "kept as decoded JPEGs.\n\n"
        + table(HEAD, rows)
        + f"\nSplices made up of photos that the network did not learn from ({own['sources']} sources, "
        f"{own['pictures']['untouched']} pictures of each kind), by scales fitted without the source: AUC "
        f"**{own['auc']:.3f}**, Cllr {own['cllr_held_out']:.3f} bits, largest LLR of an untouched one "
        f"{own['largest_llr_of_an_untouched_one']:+.2f}. What is learned of made-up splices does not carry over to those "
        "of CASIA, so that the network weighs nothing in an audit. A picture of "
        f"{cost['megapixels']:g} megapixels takes {cost['processor_seconds']:.2f} s of one core, decoding apart.\n"
    ]
