"""The report on a generator, as a table and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.evaluate.judged import held_out_record, show_held_out
from forensics.cli.evaluate.sources import Source, sizes_of
from forensics.cli.output import console
from forensics.files import encodable
from forensics.report.safe import printable

if TYPE_CHECKING:
    from forensics.generators.evaluation.held_out import HeldOut
    from forensics.generators.evaluation.memorisation import Memorisation
    from forensics.generators.evaluation.report import Measure, Report, Spread

__all__ = ["show", "to_json"]

Record = dict[str, Any]
_SHOWN = 10  # copies named to a person


def to_json(report: Report, sources: tuple[Source, ...], found: HeldOut | None = None) -> Record:
    """Return the report as one object, with the sources, the names of copies and what the model says."""
    return {
        "sources": {source.role.removeprefix("--").lower(): _source(source) for source in sources},
        "side": report.width,
        "count": report.count,
        "seed": report.seed,
        "features": report.features,
        "measures": [{**asdict(measure), "beyond": measure.beyond} for measure in report.measures],
        "spectra": asdict(report.spectra),
        "copies": _copies(report.copies, sources[0], sources),
        "control": _copies(report.control, sources[1], sources),
        "model": held_out_record(found),
    }


def _source(source: Source) -> Record:
    pack = source.pack
    return {
        "path": encodable(source.path),
        "squares": len(pack.squares),
        "sizes": sizes_of(source),
        "formats": dict(pack.formats.most_common()),
        "too_small": len(pack.small),
        "unreadable": [encodable(name) for name in pack.unreadable],
    }


def _copies(found: Memorisation | None, source: Source, sources: tuple[Source, ...]) -> Record | None:
    if found is None:
        return None
    return {
        "pictures": found.count,
        "train": found.train,
        "copied": found.copied,
        "share": found.share,
        "interval": [found.interval.low, found.interval.high],
        "median_ratio": found.median_ratio,
        "pairs": _pairs(found, source, sources[2]),
    }


def _pairs(found: Memorisation, source: Source, train: Source) -> list[Record]:
    """Return every copy with what it is a copy of; one that both questions found stands once."""
    pairs: dict[tuple[int, int], Record] = {}
    for close in found.close:
        pairs[close.made, close.train] = {"ratio": close.ratio}
    for match in found.matches:
        pair = pairs.setdefault((match.made, match.train), {})
        pair.update(ssim=match.ssim, mirrored=match.mirrored)
    names, originals = source.pack.names, train.pack.names
    blank: Record = {"ratio": None, "ssim": None, "mirrored": None}
    return [
        {"picture": encodable(names[one]), "train": encodable(originals[other]), **blank, **pairs[one, other]}
        for one, other in sorted(pairs, key=lambda pair: names[pair[0]])
    ]


def show(report: Report, sources: tuple[Source, ...], found: HeldOut | None = None) -> None:
    """Write the report for a person."""
    from rich.table import Table

    click.echo(_headline(report))
    table = Table(box=None)
    for name in ("", "made and real", "real and real", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for measure in report.measures:
        table.add_row(*_row(measure))
    console().print(table)
    if any(measure.beyond for measure in report.measures):
        click.echo("* in every split farther than real pictures are from each other in any")
    if report.copies and report.control:
        click.echo(f"copies of training pictures among the made:  {_share(report.copies)}")
        click.echo(f"                             among the real:  {_share(report.control)}")
        pairs = _pairs(report.copies, sources[0], sources[2])
        for pair in pairs[:_SHOWN]:
            click.echo(f"  {_pair(pair)}")
        if len(pairs) > _SHOWN:
            click.echo(f"  and {len(pairs) - _SHOWN} more (--json has all)")
    if found is not None:
        show_held_out(found)


def _headline(report: Report) -> str:
    features = f"features of {printable(report.features)}" if report.features else "no features (--features)"
    return (
        f"{report.count} pictures of {report.width} x {report.height} a side of each comparison, from "
        f"{report.made} made and {report.real} real ones; {features}; seed {report.seed}"
    )


def _spread(spread: Spread) -> str:
    return f"{_short(spread.mean)} ({_short(spread.low)}..{_short(spread.high)})"


def _short(value: float) -> str:
    """Return three digits, or two of what is next to nothing: both figures of a row fit into 80 columns."""
    return f"{value:.3g}" if value == 0 or abs(value) >= 1e-3 else f"{value:.1e}".replace("e-0", "e-")


def _row(measure: Measure) -> tuple[str, ...]:
    return measure.title, _spread(measure.made), _spread(measure.real), "*" if measure.beyond else ""


def _share(found: Memorisation) -> str:
    between = found.interval
    return (
        f"{found.copied} of {found.count} (95 %: {between.low:.2%} to {between.high:.2%}); "
        f"median ratio {found.median_ratio:.2f}"
    )


def _pair(pair: Record) -> str:
    said = [f"ratio {pair['ratio']:.2f}"] if pair["ratio"] is not None else []
    said += [f"SSIM {pair['ssim']:.2f}"] if pair["ssim"] is not None else []
    said += ["mirrored"] if pair["mirrored"] else []
    return f"{printable(pair['picture'])} = {printable(pair['train'])}: {', '.join(said)}"
