"""Classifiers of features that scikit-learn fits, and their ONNX files."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.detectors.train.corpus import Corpus
from forensics.detectors.train.run import DetectorRun, Features, tiles_of
from forensics.errors import MissingExtra, ModelError
from forensics.files import atomic_write
from forensics.runtime.sessions import Session
from forensics.training.export import OPSET

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Fit", "Kind", "draw", "fit_classifier", "write_classifier"]

Floats = npt.NDArray[np.float32]
Kind: TypeAlias = Literal["logistic", "svc"]

_CHUNK = 256  # pairs
# Durall et al., in the code of arXiv:2003.01826, on features of unit size.
_MARGIN, _WIDTH = 6.37, 0.86


@dataclass(frozen=True)
class Fit:
    """How a classifier is fitted.

    Attributes:
        kind: Logistic regression, or a support vector machine with Gaussian kernels, as in arXiv:2003.01826.
        pairs: That are drawn to fit it to.
        penalty: How much smaller weights are preferred, 1 / C; of logistic regression.
    """

    kind: Kind = "logistic"
    pairs: int = 6000
    penalty: float = 1.0


def draw(
    corpus: Corpus, config: DetectorRun, features: Features, count: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return (2 M, F) features of pairs drawn from a corpus, and what is made (1) or a photo (0).

    Args:
        corpus: Pictures.
        config: How they are delivered.
        features: Of tiles.
        count: Pairs.
    """
    rng = np.random.default_rng([config.schedule.seed, 11])
    pairs = corpus.drawn(count, rng)
    made, photos = [], []
    for start in range(0, count, _CHUNK):
        part = pairs[start : start + _CHUNK]
        found = features(tiles_of(corpus, part, config, rng))
        found = found.reshape(len(found), -1)
        made.append(found[: len(part)])
        photos.append(found[len(part) :])
    values = np.concatenate([*made, *photos])
    return values, np.repeat([1, 0], count)


def fit_classifier(values: Floats, truth: npt.NDArray[np.int64], how: Fit) -> Pipeline:
    """Return a fitted classifier of scaled features.

    Args:
        values: (N, F).
        truth: (N,) 0 or 1.
        how: Which.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC
    except ImportError as error:
        raise MissingExtra("fitting classifiers", "train") from error
    if how.kind == "svc":
        gamma = _WIDTH / values.shape[1]
        return make_pipeline(StandardScaler(), SVC(C=_MARGIN, gamma=gamma)).fit(values, truth)
    classifier = LogisticRegression(C=1.0 / how.penalty, max_iter=1000)
    return make_pipeline(StandardScaler(), classifier).fit(values, truth)


def write_classifier(fitted: Pipeline, shape: tuple[int, ...], path: Path, values: Floats) -> float:
    """Write a classifier as ONNX; return by how much the file differs from it.

    Args:
        fitted: Of (N, F) features.
        shape: Of the features of one tile, before they were laid flat.
        path: Where to.
        values: (N, F) features to compare both on.

    Raises:
        MissingExtra: skl2onnx is not installed.
        ModelError: Both differ.
    """
    try:
        from onnx import helper
        from skl2onnx import to_onnx
    except ImportError as error:
        raise MissingExtra("writing classifiers", "train") from error
    fitted = _folded(fitted)
    last = fitted.steps[-1][1]
    options = {id(last): {"raw_scores": True, "zipmap": False}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converter, on scikit-learn
        model = to_onnx(fitted, values[:1], options=options, target_opset=OPSET)
    graph = model.graph
    flat, name = "flat", graph.input[0].name
    for node in graph.node:
        node.input[:] = [flat if value == name else value for value in node.input]
    graph.node.insert(0, helper.make_node("Flatten", [name], [flat], axis=1))
    wide = helper.make_tensor_value_info(name, 1, ["n0", *shape])
    graph.input[0].CopyFrom(wide)
    atomic_write(path, model.SerializeToString())
    found = Session(path.read_bytes())(values.reshape(-1, *shape))[-1].reshape(len(values), -1)[:, -1]
    expected = fitted.decision_function(values)
    worst = float(np.abs(found - expected).max() / max(1.0, float(np.abs(expected).max())))
    if worst > 1e-4:
        raise ModelError(f"{path} differs from its classifier by {worst:.2g}", expected=1e-4, actual=worst)
    return worst


def _folded(fitted: Pipeline) -> Pipeline:
    """Return a logistic regression that scales its features by its own weights: a third of the numbers."""
    from copy import deepcopy

    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    scaler, last = (step for _, step in fitted.steps)
    if not isinstance(last, LogisticRegression):
        return fitted
    one = deepcopy(last)
    one.coef_ = last.coef_ / scaler.scale_
    one.intercept_ = last.intercept_ - one.coef_ @ scaler.mean_
    return make_pipeline(one)
