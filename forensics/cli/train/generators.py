"""`forensics train codec|control|diffusion|flow|...`: the built-in generators, all by one command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.given import text_encoder
from forensics.cli.train.options import GUIDANCE, MOST, NAMED, PERCEPTUAL, TIMM, training_options
from forensics.cli.train.sweeping import Swept, budgets_of, run_folder, write_sweep
from forensics.cli.train.watching import watching
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from forensics.datasets.labelled import Labelled
    from forensics.generators.train.captions import Encoded
    from forensics.generators.train.corpus import Corpus
    from forensics.generators.train.families import Family
    from forensics.generators.train.seeing import TimmFeatures
    from forensics.training.card import Origins
    from forensics.training.machine import Machine

__all__ = ["codec", "control", "diffusion", "flow", "gan", "nf", "tokens", "video"]

Options = dict[str, Any]
_MOST_CLIPS = 4000
_OF_CLASSES = ("control", "diffusion", "flow", "gan", "tokens")


def _command(family: str, about: str, *more: click.Option) -> click.Command:
    """Return the command of a family, with options of its own."""
    folder = click.Argument(["folder"], type=click.Path(path_type=Path, file_okay=False))
    text = f"""Train {about} into FOLDER.

    There will be ONNX files, weights, a card, a log with its plot, samples on the way and a checkpoint.
    A run that was interrupted goes on from its checkpoint when the same command is given again.
    With --time-sweep, there will be a folder for each number of minutes, sweep.csv and sweep.svg.
    """
    return click.Command(
        family,
        callback=lambda **given: _run(family, **given),
        params=[folder, *more, *training_options()],
        help=text,
        no_args_is_help=True,
    )


def _run(family: str, folder: Path, as_json: bool, **options: Any) -> int:
    try:
        from forensics.generators.train.families import FAMILIES
        from forensics.training.machine import Machine
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    kind = FAMILIES[family]
    if options["preset"] == "list":
        click.echo("\n".join(kind.presets))
        return 0
    sweep = options.pop("time_sweep")
    if sweep and options["minutes"]:
        raise UsageError("a run has --minutes, or a sweep has those of --time-sweep")
    budgets = budgets_of(sweep) if sweep else ()
    run = _settled(kind, options)
    machine = Machine(options["device"], sparing=options["spare_memory"])
    _check_used(family, run, options)
    training = _Training(family, kind, _corpus(run, options), machine, options)
    if budgets:
        _sweep(training, folder, budgets, as_json)
    elif trained := training.into(folder, options["minutes"]):
        _tell(folder, trained, as_json)
    return 0


@dataclass(frozen=True)
class _Trained:
    device: str
    steps: int
    images: int
    metrics: dict[str, float]


@dataclass(frozen=True, eq=False)
class _Training:
    """What is trained, on what."""

    family: str
    kind: Family
    corpus: Corpus
    machine: Machine
    options: Options

    def into(self, folder: Path, minutes: float | None) -> _Trained | None:
        """Train a model into a folder; None in a process that writes nothing.

        Raises:
            UsageError: The folder cannot be written, or has a run of other settings or on other data.
        """
        from forensics.generators.train.bundle import rounded
        from forensics.training.loop import fit

        kind, machine, options = self.kind, self.machine, {**self.options, "minutes": minutes}
        run = _settled(kind, options)
        task = kind.prepare(run, self.corpus, machine)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
        with watching(folder) as observer:
            module = rounded(fit(task, folder, observer, machine, self.corpus.digest))
        if not machine.first:
            return None
        images = observer.steps * run.schedule.seen * machine.processes
        origins = _origins(self.family, self.corpus, options)
        card = kind.card(f"{self.family}-{options['preset']}", task, origins, images)
        card = replace(card, seconds=_seconds(folder))
        metrics = kind.finish(task, module, folder, card, self.corpus)
        return _Trained(str(machine.device), observer.steps, images, metrics)


def _tell(folder: Path, trained: _Trained, as_json: bool) -> None:
    if as_json:
        click.echo(json_text({"path": name_of(folder), "metrics": trained.metrics}))
    else:
        click.echo(f"{name_of(folder)}: trained on {trained.device}, {trained.images:,} pictures seen")
        click.echo("\n".join(f"  {value:10.6f}  {text}" for text, value in trained.metrics.items()))


def _sweep(training: _Training, folder: Path, budgets: Sequence[float], as_json: bool) -> None:
    """Train once for each number of minutes, and write after each what was measured so far."""
    runs: list[Swept] = []
    for minutes in budgets:
        place = run_folder(folder, minutes)
        trained = training.into(place, minutes)
        if trained is None:
            continue
        runs.append(_swept(place, minutes, trained))
        write_sweep(folder, runs, training.family)
        if not as_json:
            _tell(place, trained, as_json)
        if runs[-1].early:
            message = f"all {trained.steps} steps were over after {runs[-1].taken:.3g} of {minutes:g} minutes"
            click.echo(f"{name_of(place)}: {message}; --steps gives it more", err=True)
    if runs and as_json:
        click.echo(json_text({"path": name_of(folder), "runs": [run.record for run in runs]}))


def _swept(place: Path, minutes: float, trained: _Trained) -> Swept:
    from forensics.generators.train.bundle import DIFFERENCE

    measured = {name: value for name, value in trained.metrics.items() if name != DIFFERENCE}
    return Swept(minutes, _seconds(place) / 60.0, trained.steps, trained.images, measured)


def _seconds(place: Path) -> float:
    """Return how long the run in a folder took, all its parts together."""
    from forensics.training.log import LOG, read_log

    return read_log(place / LOG)["seconds"][-1]


def _chosen(presets: Any, options: Options) -> Any:
    """Return a preset with what was chosen instead of its own.

    Raises:
        UsageError: There is none of that name.
    """
    options["preset"] = name = options["preset"] or next(n for n in presets if n != "smoke")
    if name not in presets:
        raise UsageError(f"no preset {name!r}; there are: {', '.join(presets)}", actual=name)
    schedule = presets[name].schedule
    changed = {"seed": options["seed"], "seconds": 60.0 * (options["minutes"] or 0.0)}
    changed |= {"steps": options["steps"]} if options["steps"] else {}
    batch, parts = options["batch"] or schedule.batch, options["accumulate"] or schedule.accumulate
    schedule = replace(schedule, **changed).of_batches(batch, parts, options["scaling"] or "constant")
    if options["rate"]:
        schedule = replace(schedule, rate=options["rate"])
    return replace(presets[name], schedule=schedule)


def _settled(kind: Family, options: Options) -> Any:
    """Return the run that is asked for."""
    run = _begun(_taught(_chosen(kind.presets, options), options), options)
    if name := options.get("perceptual"):
        from forensics.generators.train.codec import seen_by

        return seen_by(run, name if name.startswith(TIMM) else TIMM + name)
    if options.get("perceptual_weights") or options.get("perceptual_download"):
        raise UsageError("--perceptual names the network; its weights are of no use without it")
    return run


def _begun(run: Any, options: Options) -> Any:
    """Return a run that fits to the model that it stands beside, if it is one of a side branch.

    Raises:
        UsageError: There is no such model, or it is of another kind.
    """
    if "rule" not in options:
        return run
    from forensics.generators.pipelines.opening import open_model
    from forensics.generators.train.control import begun

    if options["begin"] is None:
        raise UsageError("a side branch needs a model to stand beside; name its folder with --begin")
    return begun(run, open_model(options["begin"]), options["rule"])


def _taught(run: Any, options: Options) -> Any:
    """Return a run with what it takes over from a teacher.

    Raises:
        UsageError: It has one and needs none, or needs one and has none.
    """
    from forensics.generators.pipelines.opening import open_model
    from forensics.generators.train.teacher import taught

    teacher = open_model(options["teacher"]) if options["teacher"] else None
    if hasattr(run, "lesson"):
        run = taught(_guided(run, options), teacher)
    elif teacher is not None:
        raise UsageError("only diffusion and flow learn from a teacher")
    if teacher is not None and options["codec"]:
        raise UsageError("a student works with the codec of its teacher; leave --codec out")
    return run


def _guided(run: Any, options: Options) -> Any:
    """Return a run with the guidance that it is to learn, if one is named.

    Raises:
        UsageError: It learns none.
    """
    guidance = options.get("guidance")
    if guidance is None:
        return run
    if run.lesson is None or run.lesson.method != "guided":
        raise UsageError("only the preset guided learns a --guidance; leave it out")
    return replace(run, lesson=replace(run.lesson, guidance=guidance))


def _check_used(family: str, run: Any, options: Options) -> None:
    """Refuse a model, a codec, classes, cuts or a text encoder that a run would not look at.

    Raises:
        UsageError: One is given.
    """
    from forensics.datasets.corpora import CORPORA

    base = getattr(run, "base", run)  # that of a side branch
    coded = base.latent if hasattr(base, "latent") else family == "tokens" and hasattr(run.model, "tokens")
    whole = hasattr(run, "frames") or options["classes"] or options["captions"]
    if options["cut"] and (whole or options["data"] in CORPORA):
        raise UsageError("--cut is of pictures in files, without classes or captions; leave it out")
    for name, used in (
        ("begin", family == "control" or hasattr(run, "known")),
        ("codec", coded),
        ("classes", family in _OF_CLASSES),
        ("text-encoder", hasattr(run, "encoder") and run.lesson is None),
    ):
        if options[name.replace("-", "_")] and not used:
            raise UsageError(f"the preset {options['preset']} has no use for --{name}; leave it out")
    if options["text_encoder"] and not options["captions"]:
        raise UsageError("a text encoder reads captions: --text-encoder needs --captions")


def _corpus(run: Any, options: Options) -> Corpus:
    from forensics.datasets.captioned import load_labelled
    from forensics.datasets.clips import load_clip_set
    from forensics.datasets.corpora import origins_of
    from forensics.datasets.packs import load_pack
    from forensics.generators.pipelines.opening import open_model
    from forensics.generators.train.corpus import Corpus

    named = [key for key in ("codec", "begin", "teacher") if options[key]]
    given: Options = {key: open_model(options[key]) for key in named}
    data, most = options["data"], options["most"]
    if options["captions"] and not hasattr(run, "text"):
        raise UsageError("only diffusion and flow learn captions")
    if hasattr(run, "frames"):
        clips = load_clip_set(data, run.side, run.frames, min(most, _MOST_CLIPS))
        return Corpus(clips.pixels, origins=clips.origins, **given)
    if not options["classes"] and not options["captions"]:
        pack = load_pack(data, run.side, most, how=options["cut"] or "pieces")
        return Corpus(pack.squares, origins=pack.origins, seeing=_seeing(options), **given)
    found = load_labelled(data, run.side, most)
    given["origins"] = origins_of(data, len(found))
    if options["captions"]:
        return Corpus(found.pixels, captions=found.captions, encoded=_encoded(found, options), **given)
    return Corpus(found.pixels, found.labels, found.classes, **given)


def _seeing(options: Options) -> TimmFeatures | None:
    """Return the network whose features count in the training of a codec, if one is named."""
    if not options.get("perceptual"):
        return None
    from forensics.generators.train.seeing import TimmFeatures

    return TimmFeatures(
        options["perceptual"], options["perceptual_weights"], download=options["perceptual_download"]
    )


def _encoded(found: Labelled, options: Options) -> Encoded | None:
    """Return captions as a pretrained encoder reads them, if one is named."""
    from forensics.generators.train.captions import encoded

    device = None if options.get("device") in (None, "auto") else options["device"]
    encoder = text_encoder(options.get("text_encoder"), device)
    return None if encoder is None else encoded(found.captions, encoder)


def _origins(family: str, corpus: Corpus, options: Options) -> Origins:
    """Return what the card says of the run, with no path of this machine."""
    from forensics.training.card import Origins

    name = Path(options["data"]).name
    command = (
        f"forensics train {family} FOLDER --preset {options['preset']} --data {name} --seed {options['seed']}"
    )
    for key in NAMED:
        if options.get(key) and (key != "most" or options[key] != MOST):
            value = (
                f"{options[key]:.12g}" if isinstance(options[key], (int, float)) else Path(options[key]).name
            )
            command += f" --{key.replace('_', '-')} {value}"
    command += "".join(f" --{key}" for key in ("classes", "captions") if options[key])
    kind, side = ("clips" if corpus.pixels.ndim == 5 else "squares"), corpus.pixels.shape[-2]
    return Origins(f"{len(corpus.pixels)} {kind} of {side} px from {name}", options["licence"], command)


codec = _command(
    "codec", "a codec, which makes latents of pictures and pictures of latents,", *PERCEPTUAL
)  # fmt: skip
control = _command(
    "control",
    "a side branch beside the model --begin, which comes to draw after other pictures,",
    click.Option(
        ["--rule"], default="canny", show_default=True,
        help="What is shown of a picture: canny, edges, low, grey or mask.",
    ),
)  # fmt: skip
diffusion = _command("diffusion", "a diffusion model", GUIDANCE)
flow = _command("flow", "a rectified flow", GUIDANCE)
gan = _command("gan", "a generative adversarial network")
nf = _command("nf", "a normalizing flow")
tokens = _command("tokens", "a model of tokens or grey levels")
video = _command("video", "a model of clips")
