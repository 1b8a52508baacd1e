"""The section on ONNX files of docs/benchmarks.md."""

from __future__ import annotations

from typing import Any

from render_tables import cell, load, source, table

__all__ = ["onnx_files"]


def onnx_files() -> tuple[str, ...]:
    """Return the section on parity, speed and fewer bits."""
    result = load("onnx_speed")
    rows = result["networks"]
    return (
        f"## ONNX files beside PyTorch and scikit-learn\n\n{source(result)}\n"
        "Largest difference by the largest value, and the share of decisions that differ: signs of scores and bits, "
        "levels of pictures. One input at a time; medians of "
        f"{4 * result['repeats']} calls, milliseconds. The machine had other work to do: where that takes a core, two "
        "threads that wait for each other are slow, and PyTorch's suffer most.\n\n"
        + table(
            (
                "network", "weights", "inputs", "difference", "decisions changed", "PyTorch, 1 thread", "ONNX",
                "times as fast", "PyTorch, 2 threads", "ONNX", "times as fast", "load",
            ),
            [_compared(row) for row in rows],
        )
        + "\nFewer bits, on the CPU (one thread); `typical` is the root of the mean square of the differences, by that "
        "of the values:\n\n"
        + table(
            ("network", "bits", "bytes", "of fp32", "ms", "of fp32", "typical", "decisions changed", "AUC"),
            [_fewer(row, kind) for row in rows for kind in row["losses"]],
        )
        + "\nClassifiers, one thread:\n\n"
        + table(
            ("features, classifier", "tiles", "difference", "decisions changed", "scikit-learn", "ONNX", "times as fast"),
            [_classifier(row) for row in result["classifiers"]],
        ),
    )  # fmt: skip


def _compared(row: dict[str, Any]) -> tuple[str, ...]:
    parity = row["parity"]
    times = [
        cell(value)
        for threads in ("1", "2")
        for value in (row["milliseconds"][threads][k] for k in ("pytorch", "fp32", "times as fast"))
    ]
    head = (row["network"], f"{row['weights']:,}", str(row["inputs"]), cell(parity["relative"]))
    return (*head, _share(parity), *times, cell(row["load"]))


def _fewer(row: dict[str, Any], kind: str) -> tuple[str, ...]:
    loss, times = row["losses"][kind], row["milliseconds"]["1"]
    auc = f"{loss['auc']:.3f} to {loss['auc_after']:.3f}" if "auc" in loss else ""
    size = (f"{row['bytes'][kind]:,}", f"{row['bytes'][kind] / row['bytes']['fp32']:.2f}")
    took = (cell(times[kind]), f"{times[kind] / times['fp32']:.2f}")
    return (row["network"], kind, *size, *took, cell(loss["typical"]), _share(loss), auc)


def _classifier(row: dict[str, Any]) -> tuple[str, ...]:
    times = [cell(row["milliseconds"][k]) for k in ("scikit-learn", "onnx", "times as fast")]
    return (
        row["network"],
        str(row["inputs"]),
        cell(row["parity"]["relative"]),
        _share(row["parity"]),
        *times,
    )


def _share(loss: dict[str, Any]) -> str:
    return f"{100 * loss['changed']:.2g} % of {loss['decisions']}" if "changed" in loss else ""
