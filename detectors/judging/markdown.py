"""An evaluation as tables of Markdown: rows by deliveries, rows by makers, thresholds, photos alone."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.detectors.judging.cells import ALL, AT, SEEN, UNSEEN
from forensics.detectors.judging.deliveries import AS_IS
from forensics.detectors.judging.results import Alarms, Cell, Results

__all__ = ["report_of", "table_of"]

_SHOWN = (
    "AUC", "AP", "EER", "TPR at FPR 1 %", "TPR at FPR 0.1 %", "found at frozen 1 %",
    "false alarms at frozen 1 %", "found at odds", "false alarms at odds", "Cllr", "Cllr_min", "ECE",
)  # fmt: skip
_WITH_INTERVAL = ("AUC", "TPR at FPR 1 %")


def report_of(results: Results) -> str:
    """Return the whole as one page."""
    parts = ["# Detectors on trial", _about(results)]
    if results.cells:
        parts += [_by_delivery(results), _by_maker(results), _answered(results)]
    if results.alarms:
        parts.append(_alarms(results))
    parts += [_detectors(results), _pictures(results)]
    return "\n\n".join(parts) + "\n"


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _about(results: Results) -> str:
    asked, limits = results.settings, results.thresholds
    fixed = f"; `frozen 1 %` accuses 1 % of the photos of {limits.corpus}, in all deliveries"
    lines = [
        f"Question: {asked.question.value}. Weights: {asked.calibration or 'those that ship'}. Intervals: "
        f"95 %, {asked.replicates} resamplings of sources.",
        f"Thresholds were fixed before the test: `odds` is log10 {limits.log10_odds:g} at an even prior, as "
        f"in an audit{fixed if limits.rows else ''}.",
        "AUC, TPR and costs are of the pictures that a row speaks of; what is found or accused at a "
        "threshold is a share of all pictures: where nothing is said nobody is accused.",
        *results.notes,
        *([f"{len(results.left_out)} pictures could not be read or delivered."] if results.left_out else []),
        *(f"Failed on some pictures: {text}" for text in results.failed),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _by_delivery(results: Results) -> str:
    """Return a table for each measure: rows by deliveries, all makers together."""
    parts = ["## By delivery, all makers together"]
    chosen = [c for c in results.cells if c.maker == ALL]
    deliveries = [*results.settings.attacks, ALL]
    for measure in _SHOWN:
        found = {(c.row, c.delivery): _figure(c, measure) for c in chosen if c.figure(measure)}
        rows = [row for row in dict.fromkeys(c.row for c in chosen) if any(r == row for r, _ in found)]
        if rows:
            lines = [[row, *(found.get((row, delivery), "-") for delivery in deliveries)] for row in rows]
            parts += [f"### {measure}", table_of(("row", *deliveries), lines)]
    return "\n\n".join(parts)


def _by_maker(results: Results) -> str:
    """Return the AUC of each row and maker as they are and in the delivery that is worst for it."""
    chosen = [c for c in results.cells if c.figure("AUC") and c.delivery != ALL]
    groups = [m for m in (*results.makers, SEEN, UNSEEN) if any(c.maker == m for c in chosen)]
    if not groups:
        return "## By maker\n\nThere is one maker."
    lines = []
    for row in dict.fromkeys(c.row for c in chosen):
        of_row = {m: [c for c in chosen if (c.row, c.maker) == (row, m)] for m in groups}
        lines.append([row, *(_of_maker(of_row[m]) for m in groups)])
    head = ("row", *groups)
    return (
        "## By maker: AUC as they are, and in the delivery that is worst\n\n"
        + table_of(head, lines)
        + "\n\n(seen): the row was trained or calibrated on this maker, as far as its papers say."
    )


def _of_maker(cells: Sequence[Cell]) -> str:
    values = {c.delivery: figure.value for c in cells if (figure := c.figure("AUC"))}
    if not values:
        return "-"
    worst = min(values, key=lambda name: values[name])
    native = f"{values[AS_IS]:.3f}" if AS_IS in values else "-"
    mark = " (seen)" if any(c.seen for c in cells) else ""
    return f"{native}; {values[worst]:.3f} {worst}{mark}"


def _answered(results: Results) -> str:
    chosen = [c for c in results.cells if c.maker == ALL and not c.row.startswith("control.")]
    deliveries = [*results.settings.attacks, ALL]
    found = {(c.row, c.delivery): f"{c.real_answered:.0%}, {c.fake_answered:.0%}" for c in chosen}
    lines = [
        [row, *(found.get((row, d), "-") for d in deliveries)] for row in dict.fromkeys(c.row for c in chosen)
    ]
    return "## Share of the photos, and of the made pictures, that a row speaks of\n\n" + table_of(
        ("row", *deliveries), lines
    )


def _alarms(results: Results) -> str:
    parts = ["## Photos alone: how many were accused"]
    for at in AT:
        chosen = [a for a in results.alarms if a.at == at]
        if not chosen:
            continue
        deliveries = [d for d in results.settings.attacks if any(a.delivery == d for a in chosen)]
        found = {(a.corpus, a.row, a.delivery): _accused(a) for a in chosen}
        keys = dict.fromkeys((a.corpus, a.row) for a in chosen)
        lines = [[*key, *(found.get((*key, d), "-") for d in deliveries)] for key in keys]
        parts += [f"### At {at}", table_of(("pictures", "row", *deliveries), lines)]
    return "\n\n".join(parts)


def _accused(alarms: Alarms) -> str:
    return f"{alarms.accused} of {alarms.pictures} (<= {alarms.high:.1%})"


def _detectors(results: Results) -> str:
    lines = [
        [d.name, d.version, d.calibrated or "-", ", ".join(d.seen) or "-", d.weights[:12] or "-"]
        for d in results.detectors
    ]
    return "## Detectors\n\n" + table_of(
        ("detector", "version", "calibration", "makers seen", "weights"), lines
    )


def _pictures(results: Results) -> str:
    corpora = [
        [
            c.name,
            c.split or "all",
            f"{c.real} of {c.real_sources}",
            f"{c.fake} of {c.fake_sources}",
            c.sha256[:12],
        ]
        for c in results.corpora
    ]
    done = [
        [d.name, str(d.real), str(d.fake), str(d.changed), _formats(d.formats),
         _density(d.real_bytes_per_pixel), _density(d.fake_bytes_per_pixel)]
        for d in results.deliveries
    ]  # fmt: skip
    machine = results.machine
    return "\n\n".join(
        (
            "## Pictures",
            table_of(("set", "split", "photos of sources", "made of sources", "SHA-256"), corpora),
            table_of(("delivery", "photos", "made", "changed", "formats", "bytes/px photos", "made"), done),
            f"forensics {results.suite_version}, Python {machine.python}, {machine.cores} cores "
            f"({machine.processor}).",
        )
    )


def _figure(cell: Cell, measure: str) -> str:
    found = cell.figure(measure)
    if found is None:
        return "-"
    text = f"{found.value:.3f}"
    return f"{text} ({found.low:.3f}-{found.high:.3f})" if measure in _WITH_INTERVAL else text


def _formats(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _density(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
