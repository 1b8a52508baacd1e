"""`forensics train detector`: what tells generated pictures from photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.train.watching import watching
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from forensics.detectors.train.corpus import Corpus
    from forensics.detectors.train.run import DetectorRun
    from forensics.training.card import Origins

__all__ = ["detector"]

Options = dict[str, Any]
METHODS = (
    "cooccurrence", "dct", "dire", "dire_step", "fingerprint", "linear_probe", "reconstruction",
    "residual", "spectral",
)  # fmt: skip
PRESETS = ("smoke", "cpu", "gpu")


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--method", type=click.Choice(METHODS), required=True, help="What it looks at.")
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True, multiple=True,
    help="Folder that `forensics datasets build` wrote: photos, and what decoders made. Repeatable.",
)  # fmt: skip
@click.option("--without", multiple=True, metavar="MAKER", help="Leave out what this maker made. Repeatable.")
@click.option("--preset", type=click.Choice(PRESETS), default="cpu", show_default=True)
@click.option("--steps", type=click.IntRange(min=1), help="Instead of the preset's.")
@click.option("--pairs", type=click.IntRange(min=8), default=6000, show_default=True, help="To fit to.")
@click.option(
    "--classifier", type=click.Choice(("logistic", "svc")), default="logistic", show_default=True,
    help="Of methods that are fitted and not trained.",
)  # fmt: skip
@click.option("--backbone", default="", metavar="NAME", help="Network of timm instead of the suite's own.")
@click.option(
    "--adversarial", type=click.FloatRange(0, 64), default=0.0, metavar="LEVELS",
    help="Change pictures by so many grey levels against the network, in every other step.",
)  # fmt: skip
@click.option("--weights", type=click.Path(exists=True, dir_okay=False), help="That it starts from.")
@click.option(
    "--begin", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a detector of the same method that training goes on from.",
)  # fmt: skip
@click.option(
    "--side", type=click.IntRange(min=16), default=64, show_default=True, help="Of tiles, in pixels."
)
@click.option(
    "--strength", type=click.FloatRange(0, 1), default=1.0, show_default=True,
    help="Of what is done to pictures on their way; what linear classifiers tell is hidden by much of it.",
)  # fmt: skip
@click.option("--onnx-only", is_flag=True, help="Keep no weights beside the ONNX file.")
@click.option("--most", type=click.IntRange(min=0), default=0, help="Photos at most; 0 for all.")
@click.option("--licence", default="not stated", show_default=True, help="Of the photos, for the card.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def detector(folder: Path, as_json: bool, **options: Any) -> int:
    """Train a detector into FOLDER: an ONNX file, a card, a log and a checkpoint.

    A run that was interrupted goes on from its checkpoint when the same command is given again.
    """
    try:
        from forensics.detectors.train.corpus import load_corpora
        from forensics.detectors.train.methods import METHODS as KNOWN
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    method = options["method"]
    options["weights"] = options["weights"] or ""
    if options["backbone"] and not (method in KNOWN and KNOWN[method].pictures):
        raise UsageError(f"{method} takes no network of timm: it does not look at pictures")
    if options["adversarial"] and method != "residual":
        raise UsageError("only residual is trained on pictures, which can be changed against a network")
    if options["begin"] and not (method in KNOWN and KNOWN[method].network):
        raise UsageError(f"{method} is fitted anew: it begins from nothing")
    corpus = load_corpora(options["data"], options["most"], options["without"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    others = {"linear_probe": _probed, "fingerprint": _printed}
    make = others.get(method) or (_trained if KNOWN[method].network else _fitted)
    metrics = make(folder, corpus, options)
    if as_json:
        click.echo(json_text({"path": name_of(folder), "metrics": metrics}))
    else:
        click.echo(f"{name_of(folder)}: {method}")
        click.echo("\n".join(f"  {value:10.6f}  {text}" for text, value in metrics.items()))
    return 0


def _config(options: Options) -> DetectorRun:
    """Return the run that was asked for, with the name of a file of weights and not its path."""
    from forensics.detectors.train.run import PRESETS as RUNS

    preset = RUNS[options["preset"]]
    steps = options["steps"] or preset.schedule.steps
    kept = {name: options[name] for name in ("side", "strength", "backbone", "adversarial")}
    schedule = replace(preset.schedule, seed=options["seed"], steps=steps)
    return replace(preset, schedule=schedule, weights=Path(options["weights"]).name, **kept)


def _trained(folder: Path, corpus: Corpus, options: Options) -> dict[str, float]:
    from forensics.detectors.learned.model import FEATURES
    from forensics.detectors.train.finish import begun_from, finish_network
    from forensics.detectors.train.methods import network_for
    from forensics.detectors.train.run import Telling
    from forensics.training.loop import fit
    from forensics.training.machine import Machine

    config = _config(options)
    network = network_for(options["method"], replace(config, weights=options["weights"]))
    if options["begin"]:
        begun_from(options["begin"], options["method"], network)
    machine = Machine(options["device"])
    with watching(folder) as observer:
        task = Telling(config, network, corpus, FEATURES[options["method"]], machine.device)
        trained = fit(task, folder, observer, machine, corpus.digest)
    if not machine.first:
        return {}
    origins, keep = _origins(corpus, options), not options["onnx_only"]
    return finish_network(options["method"], trained, config, corpus, folder, origins, weights=keep)


def _probed(folder: Path, corpus: Corpus, options: Options) -> dict[str, float]:
    from forensics.detectors.train.finish import finish_network
    from forensics.detectors.train.fitting import Fit
    from forensics.detectors.train.probe import fit_probe
    from forensics.training.machine import Machine

    if not options["backbone"]:
        raise UsageError("a linear probe needs a network of timm: --backbone NAME, and --weights FILE")
    config = _config(options)
    given = replace(config, weights=options["weights"])
    probe = fit_probe(given, corpus, Fit(pairs=options["pairs"]), Machine(options["device"]).device)
    return finish_network("linear_probe", probe, config, corpus, folder, _origins(corpus, options))


def _printed(folder: Path, corpus: Corpus, options: Options) -> dict[str, float]:
    from forensics.detectors.train.prints import finish_prints

    return finish_prints(corpus, options["side"], folder, _origins(corpus, options))


def _fitted(folder: Path, corpus: Corpus, options: Options) -> dict[str, float]:
    from forensics.detectors.train.finish import finish_fitted
    from forensics.detectors.train.fitting import Fit

    how = Fit(options["classifier"], options["pairs"])
    return finish_fitted(options["method"], how, _config(options), corpus, folder, _origins(corpus, options))


def _origins(corpus: Corpus, options: Options) -> Origins:
    """Return what the card says of the run, with no path of this machine."""
    from forensics.training.card import Origins

    command = f"forensics train detector FOLDER --method {options['method']}"
    command += "".join(f" --data {folder.name}" for folder in options["data"])
    command += "".join(f" --without {maker}" for maker in options["without"])
    command += f" --preset {options['preset']} --seed {options['seed']}"
    usual = {"strength": 1.0, "pairs": 6000, "classifier": "logistic", "side": 64, "most": 0}
    command += "".join(
        f" --{name} {options[name]}" for name, value in usual.items() if options[name] != value
    )
    for option in ("steps", "backbone", "adversarial"):
        command += f" --{option} {options[option]}" if options[option] else ""
    command += f" --begin {options['begin'].name}" if options["begin"] else ""
    photos = len(set(corpus.sources.tolist()))
    makers = ", ".join(corpus.split("train").names)  # `forensics evaluate detectors` looks for them here
    data = (
        f"{photos} photos, and {int(corpus.made.sum())} pictures made of them; trained on those by {makers}"
    )
    return Origins(data, options["licence"], command)
