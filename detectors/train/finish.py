"""From what was trained to a detector on disk: an ONNX file that computes the same, and a card."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load, save
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from forensics.detectors.learned.model import CLASSIFIER, FEATURES, METHOD, TileModel
from forensics.detectors.train.corpus import TRAIN, VALIDATION, Corpus
from forensics.detectors.train.fitting import Fit, draw, fit_classifier, write_classifier
from forensics.detectors.train.methods import METHODS
from forensics.detectors.train.run import DetectorRun, roc_area, tiles_of
from forensics.errors import ModelError
from forensics.files import atomic_write
from forensics.runtime.sessions import Session
from forensics.runtime.store import open_bundle
from forensics.training.card import Card, Origins, write_card
from forensics.training.export import export, halve, parity

__all__ = ["WEIGHTS", "begun_from", "finish_fitted", "finish_network", "folded"]

WEIGHTS = "weights.safetensors"

Floats = npt.NDArray[np.float32]

_COMPARED = 16
_MEASURED = 400  # pairs
_LIMITS = (
    "Knows what the decoders it was trained on leave behind, on tiles of the picture's own grid. Generators "
    "of other kinds may leave nothing of that, and strong compression, scaling and noise hide it: that "
    "nothing is found says little."
)


def finish_network(
    method: str,
    network: nn.Module,
    config: DetectorRun,
    corpus: Corpus,
    folder: Path,
    origins: Origins,
    *,
    weights: bool = True,
) -> dict[str, float]:
    """Write a trained network as a detector; return what was measured.

    Args:
        method: Of features.
        network: What was trained.
        config: The run.
        corpus: Pictures.
        folder: Where to.
        origins: For the card.
        weights: Whether its weights are kept beside the ONNX file, for whoever goes on in PyTorch.

    Raises:
        ModelError: The file does not compute what the network does.
    """
    network = network.eval().cpu()
    rounded(network)
    whole, network = network, folded(network)
    tiles = _some_tiles(corpus, config)
    given = torch.from_numpy(FEATURES[method](tiles))
    path = folder / CLASSIFIER
    free = (0, 2, 3) if METHODS[method].pictures and not config.backbone else (0,)
    export(network, given[:2], path, free=free)
    halve(path)
    gap = parity(network, path, [given, given[:1]])
    (folder / WEIGHTS).unlink(missing_ok=True)
    if weights:
        _keep(whole, folder)
    images = config.schedule.images
    return _finish(method, config, corpus, folder, origins, gap, images)


def begun_from(folder: Path, method: str, network: nn.Module) -> None:
    """Give a network the weights of one that was trained before.

    Args:
        folder: That `finish_network` wrote, with weights.
        method: That it has to be of.
        network: Of the same shape; changed.

    Raises:
        ModelError: There is no such detector, it is of another method, or its weights do not fit.
    """
    bundle = open_bundle(folder)
    if WEIGHTS not in bundle.card["files"]:
        raise ModelError(f"{folder} keeps no weights: train it without --onnx-only", actual=str(folder))
    told = json.loads(bundle.read(METHOD)).get("method")
    if told != method:
        raise ModelError(f"{folder} is a detector of {told}", expected=method, actual=told)
    try:
        network.load_state_dict({name: value.float() for name, value in load(bundle.read(WEIGHTS)).items()})
    except RuntimeError as error:
        raise ModelError(f"{folder / WEIGHTS} are not of such a network: {error}") from None


def _keep(network: nn.Module, folder: Path) -> None:
    state = {name: value.detach().contiguous() for name, value in network.state_dict().items()}
    kept = {name: v.to(torch.float16) if v.is_floating_point() else v for name, v in state.items()}
    atomic_write(folder / WEIGHTS, save(kept))


def finish_fitted(
    method: str, how: Fit, config: DetectorRun, corpus: Corpus, folder: Path, origins: Origins
) -> dict[str, float]:
    """Fit a classifier and write it as a detector; return what was measured.

    Args:
        method: Of features.
        how: It is fitted; to the split "train".
        config: Of deliveries and tiles.
        corpus: Pictures.
        folder: Where to.
        origins: For the card.

    Raises:
        ModelError: The file does not compute what the classifier does.
    """
    features = FEATURES[method]
    values, truth = draw(corpus.split(TRAIN), config, features, how.pairs)
    fitted = fit_classifier(values, truth, how)
    shape = features(_some_tiles(corpus, config)[:1]).shape[1:]
    gap = write_classifier(fitted, shape, folder / CLASSIFIER, values[:: max(1, len(values) // 64)])
    return _finish(method, config, corpus, folder, origins, gap, 2 * how.pairs)


def _finish(
    method: str, config: DetectorRun, corpus: Corpus, folder: Path, origins: Origins, gap: float, images: int
) -> dict[str, float]:
    most = METHODS[method].tiles
    told = {"method": method, "side": config.side, "tiles": most}
    atomic_write(folder / METHOD, (json.dumps(told, indent=2) + "\n").encode())
    model = TileModel(method, config.side, most, Session((folder / CLASSIFIER).read_bytes()))
    metrics = {**_by_maker(model, corpus, config), "largest difference of ONNX and its model": gap}
    about = METHODS[method]
    card = Card(
        name=f"{method}-detector",
        task=f"Tells what decoders made from photos, by {about.title}.",
        source=about.source,
        data=origins.data,
        licence=origins.licence,
        command=origins.command,
        config=asdict(config),
        images=images,
        device="cpu",
        metrics=metrics,
        limits=_LIMITS,
    )
    kept = (WEIGHTS,) if (folder / WEIGHTS).is_file() else ()
    write_card(folder, card, {name: folder / name for name in (CLASSIFIER, METHOD, *kept)})
    return metrics


def _by_maker(model: TileModel, corpus: Corpus, config: DetectorRun) -> dict[str, float]:
    """Return the area under the ROC curve on photos held out, for all makers and the one seen worst."""
    others = corpus.split(VALIDATION)
    pairs = others.some(_MEASURED)
    logits = model.logits(tiles_of(others, pairs, config, np.random.default_rng(0)))
    made, photos = logits[: len(pairs)], logits[len(pairs) :]
    names = others.makers[pairs[:, 0]]
    each = {name: roc_area(photos, made[names == name]) for name in set(names.tolist())}
    worst = min(each, key=lambda name: each[name])
    return {"AUC held out, delivered": roc_area(photos, made), f"worst maker, {worst}": each[worst]}


def _some_tiles(corpus: Corpus, config: DetectorRun) -> npt.NDArray[np.uint8]:
    others = corpus.split(TRAIN)
    return tiles_of(others, others.partners()[: _COMPARED // 2], config, np.random.default_rng(1))


@torch.no_grad()
def rounded(module: nn.Module) -> None:
    """Round weights to the 16-bit floats as which they are kept."""
    for values in (*module.parameters(), *module.buffers()):
        if values.is_floating_point():
            values.copy_(values.to(torch.float16))


def folded(network: nn.Module) -> nn.Module:
    """Return a copy whose batch norms are part of the convolutions before them, all in 16-bit floats.

    The converter folds them anyway, and what it computes is no longer a 16-bit float: files would be twice as
    large. So they are folded and rounded before.
    """
    network = copy.deepcopy(network).eval()
    for parent in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for place, (first, second) in enumerate(itertools.pairwise(parent)):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                parent[place], parent[place + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    rounded(network)
    return network
