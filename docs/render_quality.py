"""The part of docs/benchmarks.md that says how good generators are."""

from __future__ import annotations

from typing import Any

from render_tables import RESULTS, load, source, table

__all__ = ["quality"]

_QUALITY, _LIKELIHOOD, _SPECTRAL = "generator_quality", "generator_likelihood", "generator_spectral"


def quality() -> list[str]:
    """Return the sections for which there are results."""
    parts = []
    if _there(_QUALITY):
        parts.append(_bundled(load(_QUALITY)))
    if _there(_LIKELIHOOD):
        parts.append(_likelihood(load(_LIKELIHOOD)))
    if _there(_SPECTRAL):
        parts.append(_spectral(load(_SPECTRAL)))
    return parts


def _there(name: str) -> bool:
    return (RESULTS / f"{name}.json").is_file()


def _bundled(result: dict[str, Any]) -> str:
    models = result["models"]
    parts = [
        f"## The generators that come with the suite\n\n{source(result)}\n"
        "Measured on photos, and clips, that the models were not trained on. What they draw is shown in "
        "[Generators](generators.md#what-comes-with-the-suite).\n"
    ]
    if "codec" in models:
        parts.append(_codec(models["codec"]))
    drawing = {name: found for name, found in models.items() if name != "codec"}
    if drawing:
        parts += [_distances(drawing), _copies(drawing)]
    parts += [_denoising(name, found) for name, found in drawing.items() if "denoising" in found]
    return "\n".join(parts)


def _codec(found: dict[str, Any]) -> str:
    rows = []
    for side, figures in found.items():
        psnr, ssim = figures["psnr"], figures["ssim"]
        rows.append(
            (
                f"{side} px", figures["photos"], f"{psnr['mean']:.2f}", f"{psnr['worst 5 %']:.2f}",
                f"{ssim['mean']:.3f}", f"{ssim['worst 5 %']:.3f}",
            )
        )  # fmt: skip
    head = ("photos of", "held-out photos", "PSNR, dB", "of the worst 5 %", "SSIM", "of the worst 5 %")
    return (
        "What the codec gives back of whole photos, the same weights at both sizes (means; what at most one in twenty "
        "falls below):\n\n" + table(head, rows)
    )


def _distances(models: dict[str, Any]) -> str:
    rows = [
        (
            name, measure["title"], found["compared"], _spread(measure["made"]), _spread(measure["real"]),
            "yes" if measure["beyond"] else "no",
        )
        for name, found in models.items()
        for measure in found["measures"]
    ]  # fmt: skip
    head = (
        "model",
        "measure",
        "pictures on each side",
        "made against real",
        "real against real",
        "told apart",
    )
    return (
        "Distances, over eight splits of the held-out pictures (mean, and from least to most). Told apart: farther in "
        "every split than real pictures are from each other in any. Of clips, the frames in the middle. These measures see "
        "textures and spectra, not things: what they do not tell apart, a look at the pictures may.\n\n"
        + table(head, rows)
        + "".join(_moves(name, found["moves"]) for name, found in models.items() if "moves" in found)
    )


def _moves(name: str, moves: dict[str, dict[str, float]]) -> str:
    made, real = moves["made"], moves["real"]
    return (
        f"\nHow much moves in clips of `{name}`, in shares of the range of grey levels: {made['next']:.4f} from frame to "
        f"frame (real clips {real['next']:.4f}), {made['first to last']:.4f} from the first to the last "
        f"({real['first to last']:.4f}).\n"
    )


def _spread(found: dict[str, float]) -> str:
    return f"{found['mean']:.3g} ({found['low']:.3g} to {found['high']:.3g})"


def _copies(models: dict[str, Any]) -> str:
    rows = [
        (name, which, part["pictures"], part["copied"], f"{part['median_ratio']:.3f}", part["train"])
        for name, found in models.items()
        for which, key in (("made", "copies"), ("held out", "control"))
        if (part := found.get(key))
    ]
    head = ("model", "pictures", "looked at", "copies", "median ratio", "training pictures")
    return (
        "Copies of training pictures: far nearer to one than to all others (a ratio below 1/3, Gu et al. 2023, "
        "[arXiv:2310.02664](https://arxiv.org/abs/2310.02664)), or alike in hash and SSIM. Those of held-out photos "
        "are what chance gives.\n\n" + table(head, rows)
    )


def _denoising(name: str, found: dict[str, Any]) -> str:
    rows = [
        (
            f"{row['noise']:.3g}", _mean(row["held_out"]), _mean(row["train"]) if row["train"] else "",
            f"{row['blind']:.3g}",
        )
        for row in found["denoising"]
    ]  # fmt: skip
    head = ("noise over signal", "held out", "training", "who knows no pictures")
    return f"Squared error of `{name}` behind noise, for values of unit size:\n\n" + table(head, rows)


def _mean(found: dict[str, float]) -> str:
    return f"{found['value']:.4g} ± {found['error']:.1g}"


def _likelihood(result: dict[str, Any]) -> str:
    rows = [
        (
            f"`{row['family']} {row['preset']}`", row["side"], row["levels"], f"{row['weights'] / 1e6:.2f} M",
            f"{row['minutes']:g}", f"{row['images']:,}", f"{row['bits']:.2f} ± {row['error']:.2f}", row["train_bits"],
            f"{row['webp_bits']:.2f}", f"{row['published']:.2f}", f"{row['published_of']}, {row['published_in']}",
        )
        for row in result["rows"]
    ]  # fmt: skip
    head = (
        "preset", "side", "grey levels", "weights", "minutes", "pictures seen", "bits", "of the training", "lossless WebP",
        "published bits", "of what, where",
    )  # fmt: skip
    return (
        f"## Bits for each value\n\n{source(result)}\n"
        "Held-out photos of clothing and groceries, after some minutes of training on "
        f"{_threads(result)} of this machine, beside lossless WebP of the same photos in one sheet. The published figures are of other and more varied pictures, by "
        "far larger networks, after days on GPUs: they say what the family can do, not what these "
        "presets should. Bits of fewer grey levels are not comparable with those of 256.\n\n"
        + table(head, rows)
    )


def _threads(result: dict[str, Any]) -> str:
    counts = sorted({row["threads"] for row in result["rows"]})
    return " or ".join("one thread" if count == 1 else f"{count} threads" for count in counts)


def _spectral(result: dict[str, Any]) -> str:
    rows = [
        (
            f"`{row['upsample']}`",
            row["steps"],
            *(", ".join(f"{v:.2f}" for v in row[key]) for key in ("without", "with")),
        )
        for row in result["rows"]
    ]
    worse = [f"`{row['upsample']}`" for row in result["rows"] if sum(row["with"]) >= sum(row["without"])]
    said = f" On average it does not come nearer with {', '.join(worse)}." if worse else ""
    head = ("sides doubled by", "steps", "without the loss, dB", "with it, dB")
    return (
        f"## The loss of the radial spectrum\n\n{source(result)}\n"
        f"How far the mean spectrum of {result['drawn']} pictures of {result['side']} pixels that a GAN draws is from "
        f"that of {result['held_out']} held-out photos, one figure for each seed, after some steps with the "
        f"loss of Durall et al. 2020 and without it. Two halves of the held-out photos are {result['real']:.2f} dB "
        f"apart.{said}\n\n" + table(head, rows)
    )
