"""Opening detectors of the user's own: TOML files, folders of `forensics train detector`, folders of both."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo
from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.learned.model import CLASSIFIER, METHOD, TABLE, TileModel, tile_model_of
from forensics.detectors.own.detector import FINDINGS, own_detector
from forensics.detectors.own.model import Looked, OwnModel
from forensics.detectors.own.preparing import Shown
from forensics.detectors.own.settings import OwnSettings, content_of, read_settings
from forensics.errors import ModelError, UsageError
from forensics.evidence import Calibration, Question
from forensics.media import Kind, Pixels
from forensics.runtime.sessions import Session, Settings
from forensics.runtime.store import CARD, Bundle, open_bundle

__all__ = ["MOST_BYTES", "SECONDS", "found_in", "open_detector", "open_detectors"]

MOST_BYTES = 2_000_000_000  # of a network
SECONDS = 60.0  # that a network may take for the pieces that it is given at a time
_MOST = 64  # detectors in a folder
_KINDS = (Kind.IMAGE, Kind.ANIMATION)


def open_detector(path: Path, *, weighed: bool = True) -> Detector:
    """Open a detector of the user's own.

    Args:
        path: Its TOML, or a folder that `forensics train detector` wrote.
        weighed: Whether to read its calibration; without, its scores weigh nothing.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: Its network does not run, was changed, or draws in other files.
        UsageError: It cannot be read, does not fit its network, or has the name of another detector.
    """
    found = _trained(path, weighed) if path.is_dir() else _described(path, weighed)
    if found.info.name in DETECTORS:
        name = found.info.name
        raise UsageError(f"{path}: there is a detector called {name} already: name it otherwise", actual=name)
    return found


def open_detectors(paths: Iterable[Path], *, weighed: bool = True) -> tuple[Detector, ...]:
    """Open detectors of the user's own; one that is named twice is opened once.

    Args:
        paths: As `open_detector` takes them.
        weighed: Likewise.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: A network does not run, was changed, or draws in other files.
        UsageError: One cannot be read or does not fit its network, or two have one name.
    """
    places = list(dict.fromkeys(path.resolve() for path in paths))
    found: dict[str, Detector] = {}
    for place in places:
        one = open_detector(place, weighed=weighed)
        if one.info.name in found:
            raise UsageError(f"{place}: two detectors are called {one.info.name}: name one otherwise")
        found[one.info.name] = one
    return tuple(found.values())


def found_in(folder: Path) -> tuple[Path, ...]:
    """Return the detectors in a folder: TOML files, and folders of `forensics train detector`.

    Raises:
        UsageError: There is no such folder, or it holds too many.
    """
    try:
        there = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"cannot read the folder of detectors {folder}: {error.strerror or error}") from None
    found = [p for p in there if p.suffix == ".toml" or ((p / CARD).is_file() and (p / METHOD).is_file())]
    if len(found) > _MOST:
        raise UsageError(f"{folder} holds {len(found)} detectors", expected=f"<= {_MOST}", actual=len(found))
    return tuple(found)


def _described(path: Path, weighed: bool) -> Detector:
    settings = read_settings(path)
    place = path.parent / settings.model.file
    weights = content_of(place, MOST_BYTES, "network")
    digest = hashlib.sha256(weights).hexdigest()
    if settings.model.sha256 and settings.model.sha256.lower() != digest:
        raise ModelError(
            f"{place} is not the file that {path.name} names", expected=settings.model.sha256, actual=digest
        )
    model = OwnModel(Session(weights, Settings(seconds=SECONDS)), settings.input, settings.output, place.name)
    version = settings.version_with(weights)
    calibrated = bool(settings.calibration) and weighed
    table = CalibrationTable.load(path.parent / settings.calibration) if calibrated else None
    if table is not None:
        _check_table(table, settings, version, path)
    return own_detector(_info(settings, version, table), model.look, table)


def _info(settings: OwnSettings, version: str, table: CalibrationTable | None) -> DetectorInfo:
    return DetectorInfo(
        name=settings.name,
        version=version,
        title=settings.title,
        questions=(settings.question,),
        kinds=_KINDS,
        needs="cpu",
        source=f"{settings.source} (licence: {settings.licence})",
        calibration=_calibration(table),
        limits=settings.limits,
    )


def _check_table(table: CalibrationTable, settings: OwnSettings, version: str, path: Path) -> None:
    """Refuse to weigh scores by those of other weights, or of other settings."""
    expected = (settings.name, version, f"{settings.name}.{FINDINGS[settings.question]}")
    if (table.detector, table.version, table.code) != expected:
        raise UsageError(
            f"{path}: the calibration is for {table.code} of version {table.version}, and this is version "
            f"{version}: leave it out, and run `forensics calibrate DIR --detector {path.name}`",
            expected=version,
            actual=table.version,
        )


def _trained(folder: Path, weighed: bool) -> Detector:
    """Open a folder of `forensics train detector`; its table, if its card names one, was made for it."""
    for name in (CARD, METHOD, CLASSIFIER, TABLE):
        if name in (CARD, METHOD) or (folder / name).exists():
            content_of(folder / name, MOST_BYTES, "file of a detector")
    bundle = open_bundle(folder)
    model = tile_model_of(bundle)
    card = bundle.card
    table = _own_table(bundle) if weighed and TABLE in card["files"] else None
    made = DetectorInfo(
        name=_named(folder),
        version=_version(bundle),
        title=str(card.get("task") or f"Trained detector, by {model.method}").rstrip(".")[:200],
        questions=(Question.SYNTHETIC,),
        kinds=_KINDS,
        needs="cpu",
        source=f"{card.get('source', 'not stated')}"[:300],
        calibration=_calibration(table),
        limits=str(card.get("limits") or "Not stated.")[:1000],
    )
    return own_detector(made, lambda pixels: _looked(model, pixels), table)


def _own_table(bundle: Bundle) -> CalibrationTable:
    try:
        table = CalibrationTable.model_validate_json(bundle.read(TABLE))
    except ValidationError:
        raise ModelError(f"{bundle.folder / TABLE} is no calibration table") from None
    if table.question is not Question.SYNTHETIC:
        raise ModelError(f"{bundle.folder / TABLE} is one of pictures that were {table.question.value}")
    return table


def _looked(model: TileModel, picture: Pixels) -> Looked:
    found = model.look(picture)
    reason = f"No square of {model.side} x {model.side} pixels is neither flat nor clipped."
    pieces = Shown(found.tiles.pixels, found.tiles.corners, "" if len(found.logits) else reason)
    return Looked(found.logits.astype("float64"), pieces)


def _named(folder: Path) -> str:
    """Return a name that no detector of the suite has."""
    plain = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")[:40]
    return f"own_{plain or 'detector'}"


def _version(bundle: Bundle) -> str:
    digests = sorted((name, str(digest)) for name, digest in bundle.card["files"].items() if name != TABLE)
    return "own-" + hashlib.sha256(repr(digests).encode()).hexdigest()[:12]


def _calibration(table: CalibrationTable | None) -> Calibration | None:
    if table is None:
        return None
    scale = next(bucket.scale for bucket in table.buckets if bucket.bucket == "all")
    return Calibration(name=table.name, negatives=scale.negatives, positives=scale.positives, note=table.note)
