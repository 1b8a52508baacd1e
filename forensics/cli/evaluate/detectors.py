"""`forensics evaluate detectors`: what detectors find, miss and accuse wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.paths import out_folder
from forensics.cli.progress import progress
from forensics.cli.status import UNREADABLE
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.detectors.calibrating.corpus import Sample
    from forensics.detectors.judging import Corpus, Judge, Plan
    from forensics.fusion.own import OwnCalibration

__all__ = ["detectors"]

FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(no_args_is_help=True)
@click.argument("corpus", metavar="[DIR]", type=FOLDER, required=False)
@out_folder("Folder to write results.json, report.md, thresholds.json and plots into.")
@click.option(
    "--question", type=click.Choice(["synthetic", "altered"]), default="synthetic", show_default=True,
    help="What the label 'fake' stands for.",
)  # fmt: skip
@click.option("--only", multiple=True, metavar="DETECTOR", help="Measure only these (repeatable).")
@click.option("--skip", multiple=True, metavar="DETECTOR", help="Leave these out (repeatable).")
@click.option(
    "--attacks", default="", metavar="SPECS",
    help="What is done to both classes, as in 'jpeg:75;resize:0.5+jpeg:80;screenshot;double_share', or the "
    "name of a suite (`forensics watermark attack --list` has all); else the usual twelve.",
)  # fmt: skip
@click.option(
    "--stored", metavar="CODEC",
    help="How pictures are stored after what is no save itself: jpeg:QUALITY, png or webp:QUALITY; else as "
    "the set was built.",
)  # fmt: skip
@click.option(
    "--real-only",
    multiple=True,
    type=FOLDER,
    help="Also count false alarms on the real pictures here (repeatable).",
)
@click.option(
    "--split", metavar="NAME", help="Test only this split of the manifest; else 'test', if it has one."
)
@click.option(
    "--validation", metavar="NAME", default="val", show_default=True,
    help="Split whose photos fix the threshold at 1 % of false alarms; '' for none.",
)  # fmt: skip
@click.option("--thresholds", type=FILE, help="Take those that an earlier run fixed (its thresholds.json).")
@click.option(
    "--threshold", type=float, help="log10 posterior odds from which an opinion counts; else as in an audit."
)
@click.option(
    "--by", type=click.Choice(["maker", "family"]), default="maker", show_default=True,
    help="What columns are: makers, or those that are alike together.",
)  # fmt: skip
@click.option(
    "--seen", multiple=True, metavar="MAKER", help="All detectors know this maker already (repeatable)."
)
@click.option("--calibration", type=FOLDER, help="Weights that `forensics calibrate` wrote.")
@click.option(
    "--replicates",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Resamplings of an interval.",
)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Pictures at once.")
@click.option("--json", "as_json", is_flag=True, help="The results as one JSON object.")
def detectors(corpus: Path | None, folder: Path, as_json: bool, **options: Any) -> int:
    """Measure what detectors, and all of them together, say of pictures in DIR whose truth is known.

    DIR holds two folders, real and fake/MAKER, or a manifest.csv with the columns file, label (real or fake),
    source, and as far as known maker and split; `forensics datasets build` writes such a folder. Both classes
    are delivered alike, every delivery is seen to have happened, and thresholds are fixed before the test. An
    interrupted run goes on where it was.

    Without DIR, only false alarms on --real-only are counted.

    What cannot be read is left out, and the exit status is 3.
    """
    from forensics.cli.evaluate.trial import draw, show, write
    from forensics.cli.watermark.records import json_text
    from forensics.detectors.judging import evaluate

    plan = _plan(corpus, options)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None
    with progress(plan.pictures, "looking") as advance:
        found = evaluate(plan, folder, workers=options["jobs"], advance=advance)
    write(found.results, folder)
    draw(found, folder / "plots")
    if as_json:
        click.echo(json_text(found.results.model_dump(mode="json")))
    else:
        show(found, folder)
    return UNREADABLE if found.results.left_out else 0


def _plan(folder: Path | None, options: dict[str, Any]) -> Plan:
    from forensics.detectors.judging import Plan, parse_deliveries
    from forensics.detectors.judging.corpora import families_of, stored_as
    from forensics.detectors.judging.freezing import load_thresholds
    from forensics.fusion.opinions import THRESHOLD

    own = _own(options["calibration"])
    judge = _judge(own, options)
    corpus, alone = _pictures(folder, options)
    samples = [*(corpus.test if corpus else ()), *(s for found in alone.values() for s in found)]
    stored = stored_as(folder, samples, options["stored"])
    fixed = load_thresholds(options["thresholds"]) if options["thresholds"] else None
    odds = options["threshold"]
    if fixed is not None and odds is not None:
        fixed = fixed.model_copy(update={"log10_odds": odds})
    return Plan(
        judge=judge,
        deliveries=parse_deliveries(options["attacks"], stored),
        stored=stored,
        corpus=corpus,
        real_only=alone,
        thresholds=fixed,
        log10_odds=odds if odds is not None else fixed.log10_odds if fixed is not None else THRESHOLD,
        families=families_of(folder) if folder is not None and options["by"] == "family" else None,
        notes=tuple(table.note for table in own.tables) if own is not None else (),
        told_seen=options["seen"],
        calibration=own.index.name if own is not None else "",
        replicates=options["replicates"],
    )


def _own(folder: Path | None) -> OwnCalibration | None:
    from forensics.fusion.own import OwnCalibration

    return OwnCalibration.load(folder) if folder is not None else None


def _judge(own: OwnCalibration | None, options: dict[str, Any]) -> Judge:
    from forensics.detectors.choosing import choose
    from forensics.evidence import Question
    from forensics.fusion.asking import judge_of

    question = Question(options["question"])
    judge = judge_of(choose(options["only"] or None, options["skip"]), question, own)
    if not judge.detectors:
        raise UsageError(f"none of these detectors says whether a picture is {question.value}")
    return judge


def _pictures(
    folder: Path | None, options: dict[str, Any]
) -> tuple[Corpus | None, dict[str, tuple[Sample, ...]]]:
    from forensics.detectors.judging import photos_in, read_corpus
    from forensics.files import encodable

    if folder is None and not options["real_only"]:
        raise click.UsageError("give DIR, or --real-only, or both")
    corpus = read_corpus(folder, options["split"], options["validation"]) if folder is not None else None
    alone: dict[str, tuple[Sample, ...]] = {}
    for place in options["real_only"]:
        name = encodable(place.resolve().name)
        if name in alone:
            raise UsageError(f"two sets of --real-only are called {name!r}: give one of them another name")
        alone[name] = photos_in(place)
    return corpus, alone
