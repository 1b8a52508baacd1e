"""The files to audit, and the places to write to: checked before the work, not after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from forensics.errors import UsageError

__all__ = ["check_maps", "check_page", "expand", "out_folder"]

F = TypeVar("F", bound=Callable[..., Any])
SIDECAR = ".c2pa"
PAGE_STARTS = (b"<!doctype html", b"<html")


def out_folder(about: str) -> Callable[[F], F]:
    """Return the option that names the folder to write into."""
    place = click.Path(path_type=Path, file_okay=False)
    return click.option("-o", "--out", "folder", type=place, required=True, help=about)


def expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files given and those below the folders given, sorted within a folder.

    Sidecars are no files of their own: they are read with the picture that they stand beside. A folder that
    cannot be searched is yielded itself, after the files, and said on standard error.
    """
    for path in paths:
        if os.path.isdir(path):  # unlike Path.is_dir, False for a path that is too long or not permitted
            yield from _below(path)
        else:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    refused: list[OSError] = []
    empty = True
    for root, folders, names in os.walk(folder, onerror=refused.append):
        folders.sort()
        for name in sorted(names):
            if not name.lower().endswith(SIDECAR):
                empty = False
                yield Path(root, name)
    for error in refused:
        _say(f"cannot search {error.filename}: {error.strerror}")
        yield Path(error.filename)
    if empty and not refused:
        _say(f"no files in {folder}")


def _say(text: str) -> None:
    from forensics.report.safe import printable

    click.echo(f"forensics: {printable(text)}", err=True)


def check_page(target: Path, audited: Iterable[Path]) -> None:
    """Refuse a target of `--html` that cannot be written, or that would destroy something.

    Raises:
        UsageError: It is one of the audited files, exists and is no HTML page, or cannot be written.
    """
    _refuse_audited("--html", [target], audited)
    try:
        if target.exists():
            if not target.is_file():
                raise UsageError(f"--html: {target} is not a plain file")
            if not _is_page(target):
                raise UsageError(f"--html: {target} exists and is no HTML page; it is not replaced")
        _probe(target.parent)
    except OSError as error:
        raise UsageError(f"--html: cannot write {target}: {error.strerror}") from error


def check_maps(folder: Path, audited: Iterable[Path], is_map: Callable[[str], object]) -> None:
    """Make the folder of `--maps`, or refuse it.

    Args:
        folder: The folder.
        audited: The files to audit.
        is_map: Whether a file name may be that of a map, which is replaced.

    Raises:
        UsageError: It cannot be written, or holds maps that are to be audited themselves.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _probe(folder)
        maps = [file for file in folder.iterdir() if is_map(file.name)]
    except OSError as error:
        raise UsageError(f"--maps: cannot write to {folder}: {error.strerror}") from error
    _refuse_audited("--maps", maps, audited)


def _refuse_audited(option: str, targets: Iterable[Path], audited: Iterable[Path]) -> None:
    """By device and number, so that links and other spellings of a path are seen."""
    taken = {_identity(target): target for target in targets}
    taken.pop(None, None)
    for path in audited:
        if taken and (target := taken.get(_identity(path))):
            raise UsageError(f"{option}: {target} is one of the files to audit; it is not replaced")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _is_page(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(1024)
    return not head or head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(PAGE_STARTS)


def _probe(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder):
        pass
