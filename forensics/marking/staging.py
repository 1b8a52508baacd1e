"""Where a marked file is put together: a folder beside its place, which is gone in the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forensics.errors import SigningError, UsageError

__all__ = ["Stage", "staged"]


class Stage:
    """A folder beside the target; files in it move there in one step.

    Args:
        folder: The folder, empty.
        target: Where the marked file goes.
        overwrite: Whether it may replace a file.

    Attributes:
        plain: For the file before it is signed.
        signed: For the signed file.
    """

    def __init__(self, folder: Path, target: Path, *, overwrite: bool) -> None:
        self.folder, self.target, self._overwrite = folder, target, overwrite
        self.plain = folder / f"plain{target.suffix.lower()}"
        self.signed = folder / f"signed{target.suffix.lower()}"
        self._before = folder / "before"
        self._published = False

    def publish(self) -> None:
        """Move the signed file into its place.

        Raises:
            UsageError: Somebody else put a file there in the meantime.
            OSError: It cannot be moved.
        """
        if self.target.exists():
            if not self._overwrite:
                raise UsageError(f"{self.target} exists: ask for overwrite to replace it")
            _keep(self.target, self._before)
            shutil.copymode(self.target, self.signed)
        os.replace(self.signed, self.target)
        self._published = True

    def withdraw(self) -> None:
        """Take back what `publish` did; what was there before is there again."""
        if not self._published:
            return
        self._published = False
        if self._before.exists():
            os.replace(self._before, self.target)
        else:
            self.target.unlink(missing_ok=True)


@contextmanager
def staged(target: Path, source: Path | None, *, overwrite: bool, in_place: bool) -> Iterator[Stage]:
    """Give a stage for a target, and remove it in the end, whatever happens.

    Args:
        target: Where the marked file goes; folders on the way there are made.
        source: The file that is marked, None for pixels.
        overwrite: Whether a file may be replaced.
        in_place: Whether the source may be replaced.

    Raises:
        UsageError: The target exists and nobody asked to replace it, or it is no plain file.
        SigningError: Nothing can be written there; what was written is gone.
    """
    place = _settled(target, source, overwrite=overwrite, in_place=in_place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{place.stem[:40]}.", dir=place.parent))
    except OSError as error:
        raise SigningError(f"cannot write in {place.parent}: {error.strerror or error}") from error
    try:
        yield Stage(folder, place, overwrite=overwrite or in_place)
    except OSError as error:
        raise SigningError(f"cannot write {target}: {error.strerror or error}; nothing was left") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settled(target: Path, source: Path | None, *, overwrite: bool, in_place: bool) -> Path:
    """Refuse to replace what nobody asked to replace; return the target, links followed."""
    try:
        place = target.resolve() if target.is_symlink() else target
        there = place.exists()
    except (OSError, RuntimeError) as error:
        raise UsageError(f"cannot follow {target}: {error}") from error
    if not there:
        return place
    if not place.is_file():
        raise UsageError(f"{target} is a {'folder' if place.is_dir() else 'device'}; name a file")
    if source is not None and source.exists() and place.samefile(source):
        if not in_place:
            raise UsageError(f"{target} is the source itself: ask for in_place to replace it")
    elif not overwrite:
        raise UsageError(f"{target} exists: ask for overwrite to replace it")
    return place


def _keep(path: Path, beside: Path) -> None:
    """Keep what a name stands for under another one: a link where there are links, else a copy."""
    with suppress(OSError):
        os.link(path, beside)
        return
    shutil.copy2(path, beside)
