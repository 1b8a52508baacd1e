"""How good are the generators that come with the suite? Measured on photos that they were not trained on.

    python benchmarks/generator_quality.py [codec flow gan video] [--drawn 250] [--pictures docs/images]

The photos are those of `photos/pack128_permissive.tar` of the test pictures, prepared and split as in the
training of each model (docs/training.md): one in twenty was held out, for the codec not the same as for the
others. Clips are of the procedural corpus `sprites`, with a seed that was not trained on. Distances between
made and held-out pictures stand beside those between held-out ones: no generator could be nearer. Needs the
extra `train`; the figures of models that are not named are kept.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tarfile
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from common import RESULTS, ROOT, data_folder, write_result

from forensics.datasets.captioned import load_labelled
from forensics.datasets.clips import load_clips
from forensics.datasets.packs import load_pack
from forensics.generators.evaluation.held_out import HeldOut, held_out
from forensics.generators.evaluation.opening import open_judge
from forensics.generators.evaluation.report import Report, evaluate
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.opening import DECODER, ENCODER, network_of, open_model, open_pipeline
from forensics.generators.train.pictures import which_held_out
from forensics.watermark.quality import psnr, ssim

Pixels = npt.NDArray[np.uint8]
PACK = "photos/pack128_permissive.tar"
NAME = "generator_quality"
FRESH = 1_000_003  # seed of clips that were not trained on
_SHOWN, _GUIDANCE = 64, 2.0
_DENOISING = ("diffusion", "flow")


def sorted_photos(folder: Path) -> Path:
    """Unpack the photos into a folder for each class, as for the training."""
    with tarfile.open(data_folder() / PACK) as tar:
        for member in tar:
            name = member.name.split("_")[0]
            (folder / "photos" / name).mkdir(parents=True, exist_ok=True)
            content = tar.extractfile(member)
            if content is not None:
                (folder / "photos" / name / member.name).write_bytes(content.read())
    return folder / "photos"


def codec(model: str) -> dict[str, Any]:
    """Measure how photos come back that the codec was not trained on, at both sizes."""
    bundle = open_model(model)
    encode, decode = network_of(bundle, ENCODER), network_of(bundle, DECODER)
    found = {}
    for side in (64, 128):
        squares = load_pack(data_folder() / PACK, side, how="whole").squares
        photos = squares[which_held_out(np.arange(len(squares)))]
        back = np.concatenate([_back(encode, decode, part) for part in np.array_split(photos, 16)])
        levels = [psnr(a, b) for a, b in zip(photos, back, strict=True)]
        alike = [ssim(a, b) for a, b in zip(photos, back, strict=True)]
        found[str(side)] = {
            "photos": len(photos), "psnr": _figures(levels), "ssim": _figures(alike),
        }  # fmt: skip
        if side == 64:
            shown = np.concatenate(
                [photos[:16].reshape(2, 8, *photos.shape[1:]), back[:16].reshape(2, 8, *photos.shape[1:])],
                axis=1,
            )
            found["shown"] = shown.reshape(-1, *photos.shape[1:])
    return found


def _back(encode: Any, decode: Any, photos: Pixels) -> Pixels:
    x = np.moveaxis(photos, -1, 1).astype(np.float32) / 255.0
    return np.moveaxis((decode(encode(x)).clip(0, 1) * 255).round().astype(np.uint8), 1, -1)


def _figures(values: list[float]) -> dict[str, float]:
    least, median = np.quantile(values, [0.05, 0.5])
    return {
        "mean": round(float(np.mean(values)), 4),
        "median": round(float(median), 4),
        "worst 5 %": round(float(least), 4),
    }


def pictures(model: str, photos: Path, drawn: int) -> dict[str, Any]:
    """Measure drawn pictures against photos that the model was not trained on, and look for copies."""
    pipeline = open_pipeline(model)
    recipe = pipeline.recipe
    guidance = _GUIDANCE if recipe.family in _DENOISING else 1.0
    each = [
        Request(drawn // len(recipe.labels), label=label, guidance=guidance)
        for label in range(len(recipe.labels))
    ]
    made = np.stack([picture for request in each for picture in pipeline.sample(request)])
    corpus = load_labelled(photos, made.shape[1]).pixels
    held = which_held_out(np.arange(len(corpus)))
    found: dict[str, Any] = {"side": made.shape[1], "guidance": guidance, "drawn": len(made)}
    found |= _report(evaluate(made, corpus[held], train=corpus[~held]))
    if recipe.family in _DENOISING:
        found["denoising"] = _judged(
            held_out(open_judge(model), corpus[held], corpus[~held], most=int(held.sum()))
        )
    return found | {"shown": made[np.linspace(0, len(made) - 1, _SHOWN).astype(int)]}


def clips(model: str, drawn: int) -> dict[str, Any]:
    """Measure frames of drawn clips against those of new ones, and how much moves in both."""
    pipeline = open_pipeline(model)
    made = np.stack(list(pipeline.sample(Request(drawn))))
    frames, side = made.shape[1:3]
    real = load_clips("sprites", side, frames, 2 * drawn, FRESH)
    middle = frames // 2
    return {
        "drawn": drawn,
        **_report(evaluate(made[:, middle], real[:, middle])),
        "moves": {"made": _moves(made), "real": _moves(real)},
        "shown": made[:8].reshape(-1, *made.shape[2:]),
    }


def _moves(found: Pixels) -> dict[str, float]:
    """Return how much of the range frames differ, from one to the next, and from the first to the last."""
    levels = found.astype(np.float64) / 255.0
    return {
        "next": round(float(np.abs(np.diff(levels, axis=1)).mean()), 5),
        "first to last": round(float(np.abs(levels[:, -1] - levels[:, 0]).mean()), 5),
    }


def _report(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {
        "compared": report.count,
        "held_out": report.real,
        "measures": [
            {
                "name": m.name,
                "title": m.title,
                "made": asdict(m.made),
                "real": asdict(m.real),
                "beyond": m.beyond,
            }
            for m in report.measures
        ],
    }
    for name, copies in (("copies", report.copies), ("control", report.control)):
        if copies is not None:
            found[name] = {
                "pictures": copies.count,
                "train": copies.train,
                "copied": copies.copied,
                "median_ratio": round(copies.median_ratio, 4),
            }
    return found


def _judged(found: HeldOut) -> list[dict[str, Any]]:
    return [
        {
            "noise": one.point.noise if one.point else None,
            "held_out": asdict(one.held_out),
            "train": asdict(one.train) if one.train else None,
            "blind": one.blind,
        }
        for one in found.readings
    ]


def _show(shown: Pixels, path: Path) -> None:
    """Write pictures as rows of eight."""
    rows = shown.reshape(-1, 8, *shown.shape[1:])
    sheet = rows.swapaxes(1, 2).reshape(len(rows) * shown.shape[1], 8 * shown.shape[2], 3)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", quality=90, method=6)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=["codec", "flow", "gan", "video"])
    parser.add_argument("--drawn", type=int, default=250)
    parser.add_argument("--pictures", type=Path, help="Folder for a sheet of each.")
    options = parser.parse_args()
    path = RESULTS / f"{NAME}.json"
    found = json.loads(path.read_text(encoding="utf-8"))["models"] if path.is_file() else {}
    with tempfile.TemporaryDirectory() as scratch:
        photos = sorted_photos(Path(scratch))
        for model in options.models:
            match open_model(model).card["name"].split("-")[0]:
                case "codec":
                    measured = codec(model)
                case "video":
                    measured = clips(model, options.drawn)
                case _:
                    measured = pictures(model, photos, options.drawn)
            shown = measured.pop("shown")
            if options.pictures:
                _show(shown, options.pictures / f"{Path(model).name}.webp")
            found[Path(model).name] = measured
            print(json.dumps({model: measured}, indent=1), file=sys.stderr)
    print(
        write_result(
            NAME, f"python benchmarks/generator_quality.py --drawn {options.drawn}", {"models": found}
        ).relative_to(ROOT)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
