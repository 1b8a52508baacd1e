"""Do ONNX files compute what PyTorch and scikit-learn compute, how fast, and what do fewer bits cost?

    python benchmarks/onnx_speed.py --set SET [--detectors FOLDER ...] [--count 32] [--repeats 20]

Each network runs side by side with the module that it was made of, in one process, one input at a time, with
one thread and with two; medians of calls, some of which take turns. What is given to them is made of photos
(FORENSICS_DATA/photos/pack128_permissive.tar), or tiles of SET, which `forensics datasets build` wrote:

    forensics datasets build SET --photos $FORENSICS_DATA/photos/pack128_permissive.tar \
        --makers transposed4,nearest2,shuffle2,bilinear2,autoencoder --size 96 --codec png --count 300 \
        --splits 60,20,20
    forensics train detector residual --method residual --data SET --steps 250 --licence "CC0 and MIT"

Classifiers of scikit-learn are fitted to SET here, as `forensics train detector` fits them. 16-bit floats are
measured on the CPU, which widens most of them; the ranges of 8 bits come from a quarter of the inputs, and
what is lost is measured on the others. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result

from forensics.datasets.packs import load_squares
from forensics.detectors.learned.model import CLASSIFIER, FEATURES
from forensics.detectors.train.corpus import Corpus, load_corpus
from forensics.detectors.train.fitting import Fit, draw, fit_classifier, write_classifier
from forensics.detectors.train.run import DetectorRun, tiles_of
from forensics.errors import UsageError
from forensics.exporting.exporting import networks_of
from forensics.exporting.graphs import to_half, to_int8
from forensics.exporting.inputs import inputs_of, side_of, splits
from forensics.exporting.losses import Loss, loss_of
from forensics.exporting.train.references import references_of
from forensics.runtime.sessions import Session, Settings
from forensics.runtime.store import Bundle, bundled, open_bundle

BUNDLED = ("codec", "flow", "gan", "watermark_signing")
THREADS = (1, 2)
TURNS = 4
FITS = (("spectral", Fit("svc", 300)), ("dct", Fit("logistic", 300)))

Call = Callable[..., Any]


def in_turns(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median milliseconds of calls that take turns, some calls each.

    Before each turn is a pause: threads that wait for more work keep a core busy for a while.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(TURNS):
        for name, call in calls.items():
            time.sleep(0.05)
            call()
            for _ in range(repeats):
                start = time.perf_counter()
                call()
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: round(statistics.median(each), 3) for name, each in times.items()}


def speeds(
    files: Mapping[str, bytes], inputs: Sequence[Any], module: Any, repeats: int
) -> dict[str, dict[str, float]]:
    """Return milliseconds of one input for each file and for the module, by number of threads."""
    one = [np.ascontiguousarray(values[:1]) for values in inputs]
    tensors = [torch.from_numpy(values) for values in one]
    found = {}
    for threads in THREADS:
        torch.set_num_threads(threads)
        sessions = {name: Session(data, Settings(threads=threads)) for name, data in files.items()}
        calls: dict[str, Callable[[], object]] = {"pytorch": lambda: module(*tensors)}
        calls |= {name: lambda session=session: session(*one) for name, session in sessions.items()}  # type: ignore[misc]
        with torch.inference_mode():
            times = in_turns(calls, repeats)
        found[str(threads)] = {**times, "times as fast": round(times["pytorch"] / times["fp32"], 2)}
    return found


def gap(loss: Loss) -> dict[str, Any]:
    """Return a loss as figures."""
    kept = ("largest", "relative", "typical", "decisions", "changed", "auc", "auc_after")
    values = {name: getattr(loss, name) for name in kept}
    return {
        k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in values.items() if v not in (None, "")
    }


def answered(call: Call, inputs: Sequence[Any]) -> np.ndarray:
    """Return the outputs of a network, four inputs at a time."""
    return np.concatenate([call(*part) for part in splits(inputs, 4)])


def said(data: bytes, inputs: Sequence[Any]) -> np.ndarray:
    """Return the last outputs of a file."""
    session = Session(data)
    return answered(lambda *x: session(*x)[-1], inputs)


def network(
    name: str, data: bytes, module: Any, inputs: Sequence[Any], truth: Any, repeats: int
) -> dict[str, Any]:
    """Return all figures of one network."""
    files = {"fp32": data}
    file = name.rsplit(maxsplit=1)[-1]
    known = len(inputs[0]) // 4
    ranges = splits([values[:known] for values in inputs], 2)
    for kind, convert in (("fp16", to_half), ("int8", lambda model: to_int8(model, ranges))):
        try:
            files[kind] = convert(data)
        except UsageError:  # there is nothing to be gained
            continue
    whole = [values[known:] for values in inputs]
    truth = None if truth is None else truth[known:]
    with torch.inference_mode():
        expected = answered(lambda *x: module(*map(torch.from_numpy, x)).numpy(), whole)
    outputs = {kind: said(content, whole) for kind, content in files.items()}
    losses = {k: loss_of(file, outputs["fp32"], v, truth) for k, v in outputs.items() if k != "fp32"}
    parity = loss_of(file, expected, outputs["fp32"].reshape(expected.shape), truth)
    row = {
        "network": name,
        "weights": sum(p.numel() for p in module.parameters()),
        "inputs": len(whole[0]),
        "parity": gap(parity),
        "milliseconds": speeds(files, inputs, module, repeats),
        "bytes": {kind: len(content) for kind, content in files.items()},
        "losses": {kind: gap(loss) for kind, loss in losses.items()},
        "load": round(os.getloadavg()[0], 1),
    }
    print(row, file=sys.stderr)
    return row


def of_bundle(bundle: Bundle, squares: np.ndarray, truth: Any, repeats: int) -> list[dict[str, Any]]:
    """Return the figures of each network of a model that has a module."""
    files = networks_of(bundle)
    sessions = {name: Session(data) for name, data in files.items()}
    side = side_of(sessions, 64)
    inputs = inputs_of(bundle, sessions, np.ascontiguousarray(squares[:, :side, :side]))
    modules = references_of(bundle)
    named = [(name, modules[name]) for name in files if name in modules]
    label = bundle.folder.name
    return [network(f"{label} {n}", files[n], m.float(), inputs[n], truth, repeats) for n, m in named]


def fitted(method: str, how: Fit, corpus: Corpus, repeats: int) -> dict[str, Any]:
    """Return parity and speed of a classifier that is fitted here."""
    config, features = DetectorRun(), FEATURES[method]
    values, truth = draw(corpus.split("train"), config, features, how.pairs)
    pipeline = fit_classifier(values, truth, how)
    others = corpus.split("val")
    tiles = tiles_of(others, others.partners(), config, np.random.default_rng(0))
    given = features(tiles)
    flat = given.reshape(len(given), -1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / CLASSIFIER
        write_classifier(pipeline, given.shape[1:], path, flat[:64])
        data = path.read_bytes()
    labels = np.repeat([True, False], len(given) // 2)
    expected = pipeline.decision_function(flat)[:, None]
    found = Session(data)(given)[-1].reshape(len(given), -1)[:, -1:]
    session, one = Session(data, Settings(threads=1)), given[:1]
    times = in_turns(
        {"scikit-learn": lambda: pipeline.decision_function(flat[:1]), "onnx": lambda: session(one)},
        5 * repeats,
    )
    row = {
        "network": f"{method}, {how.kind}",
        "inputs": len(given),
        "parity": gap(loss_of(CLASSIFIER, expected, found, labels)),
        "milliseconds": {**times, "times as fast": round(times["scikit-learn"] / times["onnx"], 2)},
        "bytes": len(data),
    }
    print(row, file=sys.stderr)
    return row


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", type=Path, required=True, help="That `forensics datasets build` wrote.")
    parser.add_argument("--detectors", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    squares = load_squares(data_folder() / "photos" / "pack128_permissive.tar", 64, options.count)
    corpus = load_corpus(options.set, 0, ())
    others = corpus.split("val")
    pairs = others.partners()
    tiles = tiles_of(others, pairs, DetectorRun(), np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(len(tiles))
    truth = np.repeat([True, False], len(pairs))[order]
    rows = [row for name in BUNDLED for row in of_bundle(bundled(name), squares, None, options.repeats)]
    for folder in options.detectors:
        rows += of_bundle(open_bundle(folder), tiles[order], truth, options.repeats)
    fits = [fitted(method, how, corpus, options.repeats) for method, how in FITS]
    named = " ".join(folder.name for folder in options.detectors)
    command = f"python benchmarks/onnx_speed.py --set {options.set.name} --detectors {named}"
    path = write_result(
        "onnx_speed", command, {"networks": rows, "classifiers": fits, "repeats": options.repeats}
    )
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
