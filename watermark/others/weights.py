"""The files that readers of others' marks need: where they are, and whether they are the right ones.

A file is found by its path, if one is given; else in the folder of fetched files, where its name holds its
SHA-256; else, for rivaGan, in the installed library. It is read once, checked, and run from memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from forensics.errors import UsageError
from forensics.files import atomic_write

__all__ = [
    "SOURCES",
    "VARIABLE",
    "Source",
    "Weights",
    "find_weights",
    "read_bounded",
    "save_weights",
    "weights_folder",
]

VARIABLE = "FORENSICS_WEIGHTS"


@dataclass(frozen=True)
class Source:
    """A file of weights, and where its publisher offers it.

    Attributes:
        name: What it is called here.
        suffix: Of the file, with its dot.
        url: Where it is, None if only the user can say.
        sha256: Of the file, None if no publication states it.
        most_bytes: What is more is refused.
        evidence: Where the hash was found.
        archive_sha256: Of the archive (ZIP) at the address, None if the file stands there itself.
        member: Name of the file in the archive.
        package: Installed package that has the file at `member`, without being imported.
    """

    name: str
    suffix: str
    url: str | None = None
    sha256: str | None = None
    most_bytes: int = 500_000_000
    evidence: str = ""
    archive_sha256: str | None = None
    member: str = ""
    package: str | None = None


@dataclass(frozen=True)
class Weights:
    """The content of a file of weights.

    Attributes:
        data: Its bytes.
        sha256: Their hash.
        origin: Where they were found.
    """

    data: bytes
    sha256: str
    origin: str


_ADOBE = "https://cai-watermark.adobe.net/watermarking/trustmark-models/"
SOURCES = {
    source.name: source
    for source in (
        Source(
            "rivaGan",
            ".onnx",
            "https://files.pythonhosted.org/packages/2b/57/18b5a914f6d7994dd349252873169e946dc824328e9a37fd15ed836"
            "deedc/invisible_watermark-0.2.0-py3-none-any.whl",
            "6b006690cf352fa50a91a0b6d6241dbcded0a9957969e2c0665cf9a7011b3880",
            10_000_000,
            "the package index states the hash of the wheel, and the wheel that of the file",
            "644311beed9cfe4a9a5a4a46c740f47800cef184fe2e1297f3f4542e2d992f8b",
            "imwatermark/rivagan_decoder.onnx",
            "imwatermark",
        ),
        Source(
            "trustmark-q",
            ".onnx",
            f"{_ADOBE}decoder_Q.onnx",
            "ee3268f057c9dabef680e169302f5973d0589feea86189ed229a896cc3aa88df",
            50_000_000,
            "the manifest of models in TrustMark for JavaScript, and several projects that pin it",
        ),
        Source(
            "trustmark-p",
            ".onnx",
            f"{_ADOBE}decoder_P.onnx",
            "be6d7c33f8a7b376f179e75f3f7c58ff816a9ac7bb6d37fd0a729a635f624c35",
            50_000_000,
            "one project that pins it; not stated by the publisher",
        ),
        Source("trustmark-b", ".onnx", f"{_ADOBE}decoder_B.onnx", most_bytes=50_000_000),
        Source("trustmark-c", ".onnx", f"{_ADOBE}decoder_C.onnx", most_bytes=50_000_000),
        Source("videoseal", ".jit", "https://dl.fbaipublicfiles.com/videoseal/y_256b_img.jit"),
    )
}


def weights_folder() -> Path:
    """Return the folder of fetched files, whether it exists or not."""
    import click

    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(click.get_app_dir("forensics")) / "weights"


def find_weights(name: str, given: Mapping[str, Path] | None = None) -> Weights:
    """Return a file of weights, checked.

    Args:
        name: Of its source.
        given: Paths that the user named, by name of the source; these are taken as they are.

    Raises:
        UsageError: It is not there, or not the right one.
    """
    source = SOURCES[name]
    path = (given or {}).get(name)
    if path:
        return _read(path, source)
    fetched = sorted(weights_folder().glob(f"{name}.*{source.suffix}"))
    if fetched:
        return _read(fetched[0], source, fetched[0].name.split(".")[1], source.sha256)
    packaged = _packaged(source)
    if packaged:
        return _read(packaged, source, source.sha256)
    raise UsageError(
        f"no weights of {name}: run `forensics watermark fetch {name}`, or name a file with --weights "
        f"{name}=FILE"
    )


def save_weights(name: str, data: bytes) -> Path:
    """Write fetched weights whole or not at all, and return the file; an older one goes.

    Args:
        name: Of the source.
        data: The content, checked.

    Raises:
        OSError: It cannot be written.
    """
    folder, source = weights_folder(), SOURCES[name]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{hashlib.sha256(data).hexdigest()}{source.suffix}"
    atomic_write(path, data)
    for old in folder.glob(f"{name}.*{source.suffix}"):
        if old != path:
            old.unlink()
    return path


def _packaged(source: Source) -> Path | None:
    spec = find_spec(source.package) if source.package else None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = [Path(folder).parent / source.member for folder in folders]
    return next((path for path in found if path.is_file()), None)


def read_bounded(path: Path, source: Source) -> bytes:
    """Return the content of a file that is not larger than such weights are.

    Raises:
        UsageError: It is larger, no plain file, or cannot be read.
    """
    try:
        if not path.is_file():  # a pipe or device would never end
            raise UsageError(f"{path} is no file")
        with path.open("rb") as stream:
            data = stream.read(source.most_bytes + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if len(data) > source.most_bytes:
        raise UsageError(f"{path} is larger than weights of {source.name} are", actual=len(data))
    return data


def _read(path: Path, source: Source, *hashes: str | None) -> Weights:
    data = read_bounded(path, source)
    found = hashlib.sha256(data).hexdigest()
    for wanted in filter(None, hashes):
        if found != wanted:
            raise UsageError(
                f"{path} is not the file that it should be, or was changed: fetch it again",
                expected=wanted,
                actual=found,
            )
    return Weights(data, found, str(path))
