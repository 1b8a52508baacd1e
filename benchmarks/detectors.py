"""What do the registered detectors find, miss and accuse wrongly?

    python benchmarks/detectors.py [--work FOLDER] [--count 1000] [--jobs 1] [--only DETECTOR ...]
        [--held codec:FOLDER ...]

Five trials, all with the thresholds that the first two fix before their tests:

- small: an aligned set of 128 px squares of photos/pack128_permissive, stored without loss, with as much
  detail as makers leave: every maker that shows what the photo shows and paints all of it, and those that
  --held names, which no detector was trained on; photos are split as `forensics datasets build` does by
  default, so that a detector that was trained on such a set has not seen those of the test;
- large: the same of 320 px squares of prnu/natural and half of photos/kodak, in fewer deliveries;
- sd15: tiles of generated/sd15_grids beside photos of kodak, casia1 and prnu/natural (scaled down), both cut
  to 256 px after one WebP save, both stored as WebP 80. The made ones are paintings, the others are photos;
- gan: generated/gan as it is;
- camera: half of photos/native, prnu/natural and half of photos/kodak alone, as they are and delivered: false
  alarms.

Those halves are photos that no detector was trained or calibrated on. `benchmarks/shipped_detectors.sh` makes
what --held is to name (makers 035 and 036), and all that ships. An interrupted run goes on where it was if
--work names a folder that is kept.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import numpy.typing as npt
from common import data_folder, write_result
from jpeg_samples import KODAK, NATIVE

from forensics.detectors.aligned import AlignedRecipe, Stored, build
from forensics.detectors.aligned.makers import MAKERS, default_makers
from forensics.detectors.aligned.storing import store
from forensics.detectors.calibrating.corpus import Sample
from forensics.detectors.choosing import choose
from forensics.detectors.judging import Plan, Results, evaluate, parse_deliveries, photos_in, read_corpus
from forensics.detectors.judging.cells import ALL, SEEN, UNSEEN
from forensics.detectors.judging.corpora import stored_as
from forensics.detectors.judging.deliveries import AS_IS, USUAL
from forensics.detectors.judging.markdown import report_of
from forensics.detectors.judging.results import Cell, Thresholds
from forensics.evidence import Question
from forensics.fusion.asking import judge_of
from forensics.media import open_media

Pixels = npt.NDArray[np.uint8]

SIDE, SMALL, LARGE = 256, 128, 320
PER_PHOTO = 2
EVERY = ";".join(USUAL)
SOME = "jpeg:85;jpeg:75;resize:0.75;screenshot"
CAMERA = "jpeg:85;jpeg:75;resize:0.5;screenshot"
ONE_SAVE = Stored("webp", 80)
PICTURES = (".jpg", ".png")
KEPT = (
    "AUC", "AP", "TPR at FPR 1 %", "TPR at FPR 0.1 %", "found at frozen 1 %", "false alarms at frozen 1 %",
    "found at odds", "false alarms at odds", "Cllr", "Cllr_min", "ECE",
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        name: Of its folder.
        about: What a reader has to know.
        attacks: Deliveries.
        folder: Of the corpus; None for photos alone.
        alone: Folders of photos alone.
    """

    name: str
    about: str
    attacks: str
    folder: Path | None = None
    alone: tuple[Path, ...] = ()


def main() -> int:
    """Run all trials."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", action="append")
    parser.add_argument("--held", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        found = _trials(work, options)
    given = f"--count {options.count}" + "".join(f" --only {name}" for name in options.only or ())
    given += "".join(f" --held codec:{'/'.join(Path(name).parts[-2:])}" for name in options.held)
    write_result("detectors", f"python benchmarks/detectors.py {given}", {"trials": found})
    return 0


def _trials(work: Path, options: argparse.Namespace) -> dict[str, Any]:
    data = data_folder()
    fixed: Thresholds | None = None
    told: dict[str, Any] = {}
    for trial in _sets(work, data, options):
        own = trial.name in ("small", "large")
        results = _run(trial, work, options, None if own else fixed)
        if own:
            fixed = _joined(fixed, results.thresholds)
        told[trial.name] = {"about": trial.about, **_short(results)}
        sys.stdout.write(f"{trial.name}: done\n")
        sys.stdout.flush()
    return told


def _sets(work: Path, data: Path, options: argparse.Namespace) -> Iterator[Trial]:
    small, pack = work / "set_small", str(data / "photos/pack128_permissive.tar")
    makers = (*_decoders(SMALL), *options.held)
    recipe = AlignedRecipe(
        (pack,), makers, count=options.count, per_photo=PER_PHOTO, codec="png", match=False
    )
    build(small, recipe)
    yield Trial("small", "128 px squares of small photos, aligned pairs", EVERY, small)
    large = work / "set_large"
    photos = (str(data / "prnu/natural"), str(_half(work, data / "photos/kodak", KODAK)))
    makers, shares = (*_decoders(LARGE), *options.held), (0.0, 0.3, 0.7)
    recipe = AlignedRecipe(
        photos, makers, count=78, per_photo=PER_PHOTO, size=LARGE, codec="png", shares=shares, match=False
    )
    build(large, recipe)
    about = "320 px squares of 13 photos by three cameras and scans, aligned pairs"
    yield Trial("large", about, SOME, large)
    about = (
        "tiles of Stable Diffusion 1.5 beside photos; both cut to 256 px and saved as WebP 80. The made "
        "ones are paintings in the manner of named artists, the others photos: what is told apart may be the "
        "style"
    )
    yield Trial("sd15", about, SOME, _sd15(work / "set_sd15", data))
    yield Trial("gan", "six pictures of six GANs beside six photos", SOME, _gan(work / "set_gan", data))
    halves = (_half(work, data / "photos/native", NATIVE), _half(work, data / "photos/kodak", KODAK))
    yield Trial("camera", "cameras and scans, false alarms", CAMERA, alone=(data / "prnu/natural", *halves))


def _decoders(side: int) -> tuple[str, ...]:
    """Return the makers that show what the photo shows, but for those that paint a part of it."""
    return tuple(name for name in default_makers(side) if MAKERS.get(name).family != "painted")


def _run(trial: Trial, work: Path, options: argparse.Namespace, fixed: Thresholds | None) -> Results:
    corpus = read_corpus(trial.folder) if trial.folder is not None else None
    alone = {place.name: _pictures(place) for place in trial.alone}
    samples = (*(corpus.test if corpus else ()), *(s for found in alone.values() for s in found))
    stored = stored_as(trial.folder, samples, "webp:80" if trial.name == "sd15" else None)
    plan = Plan(
        judge=judge_of(choose(options.only), Question.SYNTHETIC),
        deliveries=parse_deliveries(trial.attacks, stored),
        stored=stored,
        corpus=corpus,
        real_only=alone,
        thresholds=fixed,
        replicates=300,
    )
    out = work / trial.name
    out.mkdir(exist_ok=True)
    results = evaluate(plan, out, workers=options.jobs).results
    (out / "report.md").write_text(report_of(results), encoding="utf-8")
    return results


def _pictures(folder: Path) -> tuple[Sample, ...]:
    return tuple(s for s in photos_in(folder) if s.path.suffix.lower() in PICTURES)


def _joined(first: Thresholds | None, second: Thresholds) -> Thresholds:
    """Return the thresholds of the first, and of the second for rows of which the first never speaks."""
    if first is None:
        return second
    rows = {row.row: row for row in (*second.rows, *first.rows)}
    corpus = "; ".join(name for name in (first.corpus, second.corpus) if name)
    return first.model_copy(update={"rows": tuple(rows.values()), "corpus": corpus})


def _short(results: Results) -> dict[str, Any]:
    """Return what tables show: all makers by delivery, each maker as it is, false alarms."""
    pooled = [c for c in results.cells if c.maker in (ALL, SEEN, UNSEEN) and (c.real or c.fake)]
    single = [c for c in results.cells if c.maker in results.makers and c.delivery == AS_IS and c.figures]
    return {
        "settings": results.settings.model_dump(mode="json"),
        "detectors": [d.model_dump(mode="json") for d in results.detectors],
        "corpora": [c.model_dump(mode="json") for c in results.corpora],
        "deliveries": [d.model_dump(mode="json") for d in results.deliveries],
        "thresholds": results.thresholds.model_dump(mode="json"),
        "pooled": [_cell(c) for c in pooled],
        "makers": [_cell(c) for c in single],
        "alarms": [a.model_dump(mode="json") for a in results.alarms],
        "left_out": [x.model_dump(mode="json") for x in results.left_out],
        "failed": list(results.failed),
        "notes": list(results.notes),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    kept = [f for f in cell.figures if f.name in KEPT]
    figures = {f.name: [round(v, 4) for v in (f.value, f.low, f.high)] for f in kept}
    return {**cell.model_dump(mode="json", exclude={"figures"}), "figures": figures}


def _sd15(folder: Path, data: Path) -> Path:
    """Write the tiles, and photos cut to the same size after one save of the same codec."""
    rows = [
        _kept(folder, "fake", f"{path.stem}_{place}", _cut(tile, 1)[0], path.stem)
        for path in sorted((data / "generated/sd15_grids").glob("*.webp"))
        for place, tile in enumerate(_quarters(open_media(path).pixels))
    ]
    photos = [(data / f"photos/kodak/{name}.png", 1, 6) for name in KODAK["evaluation"]]
    photos += [(path, 1, 1) for path in sorted((data / "tamper/casia1").glob("*authentic.png"))]
    photos += [(path, 4, 2) for path in sorted((data / "prnu/natural").glob("*.JPG"))]
    for path, shrink, most in photos:
        saved = _saved(_shrunk(open_media(path).pixels, shrink))
        for place, square in enumerate(_cut(saved, most)):
            rows.append(_kept(folder, "real", f"{path.stem}_{place}", square, path.stem))
    _manifest(folder, rows)
    return folder


def _gan(folder: Path, data: Path) -> Path:
    """Write the pictures as they are; each is its own source."""
    rows = []
    for path in sorted((data / "generated/gan").glob("*.png")):
        label, _, maker = path.stem.partition("_")
        (folder / label).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / label / path.name)
        rows.append((f"{label}/{path.name}", label, maker if label == "fake" else "", path.stem))
    _manifest(folder, rows)
    return folder


def _kept(folder: Path, label: str, name: str, pixels: Pixels, source: str) -> tuple[str, ...]:
    path = folder / label / f"{name}.webp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(store(pixels, ONE_SAVE))
    return (f"{label}/{path.name}", label, "sd15" if label == "fake" else "", source)


def _half(work: Path, folder: Path, names: Mapping[str, Sequence[str]]) -> Path:
    """Return a folder of links to the pictures that took no part in any calibration."""
    half = work / folder.name
    half.mkdir(exist_ok=True)
    for path in (path for path in folder.iterdir() if path.stem in names["evaluation"]):
        if not (half / path.name).exists():
            (half / path.name).symlink_to(path.resolve())
    return half


def _manifest(folder: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("file", "label", "maker", "source"), *rows])


def _quarters(grid: Pixels) -> list[Pixels]:
    height, width = grid.shape[0] // 2, grid.shape[1] // 2
    return [grid[y : y + height, x : x + width] for y in (0, height) for x in (0, width)]


def _cut(picture: Pixels, most: int) -> list[Pixels]:
    """Return squares side by side about the middle, on the picture's own grid."""
    rows, columns = picture.shape[0] // SIDE, picture.shape[1] // SIDE
    top, left = (picture.shape[0] - rows * SIDE) // 2, (picture.shape[1] - columns * SIDE) // 2
    places = [(top + y * SIDE, left + x * SIDE) for y in range(rows) for x in range(columns)]
    return [picture[y : y + SIDE, x : x + SIDE] for y, x in places[:most]]


def _shrunk(picture: Pixels, factor: int) -> Pixels:
    import cv2

    if factor == 1:
        return picture
    size = (picture.shape[1] // factor, picture.shape[0] // factor)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _saved(picture: Pixels) -> Pixels:
    """Return a picture after one save, as the grids had one before they were cut."""
    from forensics.media import open_bytes

    return open_bytes(store(picture, ONE_SAVE)).pixels


if __name__ == "__main__":
    sys.exit(main())
