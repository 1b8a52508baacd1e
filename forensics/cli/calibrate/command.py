"""`forensics calibrate`: what the detectors' scores weigh on pictures of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.own import detector_option, opened
from forensics.cli.paths import out_folder
from forensics.cli.progress import progress
from forensics.cli.status import UNREADABLE
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.detectors.base import Detector
    from forensics.detectors.calibrating.collecting import Collected
    from forensics.evidence import Question

__all__ = ["calibrate"]

JOURNAL = "scores.jsonl"
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command(no_args_is_help=True)
@click.argument("corpora", metavar="DIR...", type=FOLDER, nargs=-1, required=True)
@out_folder("Folder to write the calibration into; `forensics audit --calibration` takes it.")
@click.option(
    "--question", type=click.Choice(["synthetic", "altered"]), default="synthetic", show_default=True,
    help="What the label 'fake' stands for.",
)  # fmt: skip
@click.option("--only", multiple=True, metavar="DETECTOR", help="Calibrate only these (repeatable).")
@click.option("--skip", multiple=True, metavar="DETECTOR", help="Leave these out (repeatable).")
@detector_option
@click.option(
    "--kind", type=click.Choice(["logistic", "isotonic", "density"]), default="logistic", show_default=True,
    help="How scores become weights; the others need more pictures.",
)  # fmt: skip
@click.option("--name", help="What to call these pictures in reports; else the name of DIR.")
@click.option("--note", default="", help="What they are and do not cover; it stands beside every weight.")
@click.option("--split", metavar="NAME", help="Only rows of the manifest whose column 'split' says NAME.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def calibrate(corpora: tuple[Path, ...], folder: Path, as_json: bool, **options: Any) -> int:
    """Weigh the scores of the detectors on pictures in DIR whose truth is known.

    DIR holds two folders, real and fake, or a manifest.csv with the columns file, label (real or fake) and
    source (what a picture was made from: those of one source count as one). Several DIRs are taken together.
    At least 10 sources of each are needed, and 30 for a quality of its own. An interrupted run goes on where
    it was.

    What cannot be read is left out, and the exit status is 3.
    """
    from forensics.cli.calibrate.showing import draw, show, to_json
    from forensics.cli.watermark.records import json_text
    from forensics.detectors.calibrating.scales import ScaleKind
    from forensics.evidence import Question
    from forensics.fusion.calibrating import Settings, write
    from forensics.fusion.calibrating import calibrate as fit

    question = Question(options["question"])
    own = opened(options["own"], weighed=False)
    detectors = _detectors(question, options["only"] or None, options["skip"], own)
    name = options["name"] or " and ".join(corpus.resolve().name for corpus in corpora)
    settings = Settings(name, question, ScaleKind(options["kind"]), options["note"])
    collected = _collected(corpora, folder, detectors, question, options["split"])
    found = fit(collected.rows, settings)
    write(found, folder)
    draw(found, folder / "plots")
    if as_json:
        click.echo(json_text(to_json(found, collected)))
    else:
        show(found, collected, folder)
    return UNREADABLE if collected.left_out else 0


def _detectors(
    question: Question, only: tuple[str, ...] | None, skip: tuple[str, ...], own: tuple[Detector, ...]
) -> list[Detector]:
    from forensics.detectors.choosing import choose

    found = [d for d in choose(only, skip, own) if question in d.info.questions]
    if not found:
        raise UsageError(f"none of these detectors says whether a picture is {question.value}")
    return found


def _collected(
    corpora: tuple[Path, ...], folder: Path, detectors: list[Detector], question: Question, split: str | None
) -> Collected:
    from forensics.detectors.calibrating.collecting import collect
    from forensics.detectors.calibrating.corpus import all_samples
    from forensics.report.safe import printable

    samples = all_samples(corpora, split)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None
    with progress(len(samples), "scoring") as advance:
        found = collect(samples, detectors, question, folder / JOURNAL, advance=advance)
    for one in found.left_out:
        click.echo(printable(f"left out {one.name}: {one.reason}", 2000), err=True)
    for failed in sorted({text for row in found.rows for text in row.scored.failed}):
        click.echo(printable(f"failed on some pictures: {failed}", 2000), err=True)
    return found
