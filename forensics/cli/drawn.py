"""What `forensics generate` writes: marked files, unless somebody asked for plain ones."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

import click

from forensics.cli.stamping import timestamp_of, timestamp_options
from forensics.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from forensics.marking import MarkedFile, Marker, Order
    from forensics.provenance import TimestampPolicy
    from forensics.watermark.payload import Payload

__all__ = ["Drawn", "Opened", "Signing", "Writer", "carried", "marking_options", "writer"]

F = TypeVar("F", bound=Callable[..., Any])

logger = logging.getLogger(__name__)

_RATE = 8  # frames of a clip per second
_PARENTS = ("inpaint", "outpaint")
_OF_A_RUN = ("count", "batch")  # which change no picture


@runtime_checkable
class Signing(Protocol):
    """A pipeline whose decoder puts marks into what it draws."""

    def carried(self, number: int) -> Payload:
        """Return what picture number i says, under the key that marks here."""
        ...


def carried(pipeline: object, number: int) -> Payload | None:
    """Return what a picture says already when it is drawn; None if it says nothing, and is to be marked.

    This is where payloads of pipelines that sign come in.
    """
    return pipeline.carried(number) if isinstance(pipeline, Signing) else None


def marking_options(function: F) -> F:
    """Add `--unmarked`, `--timestamp` and `--timestamp-optional`."""
    unmarked = click.option(
        "--unmarked", is_flag=True,
        help="No watermark, no credentials and no entry in the store; settings.json will say so.",
    )  # fmt: skip
    return unmarked(timestamp_options(function))


@dataclass(frozen=True)
class Drawn:
    """One thing that was drawn.

    Attributes:
        pixels: (S, S, 3) or (T, S, S, 3) uint8.
        path: Where it goes.
        number: Its number; None for the overview of all.
        carried: What its pixels say already.
    """

    pixels: npt.NDArray[np.uint8]
    path: Path
    number: int | None = None
    carried: Payload | None = None


class Opened:
    """The marker of a run, which is opened when the first picture is there.

    Args:
        named: The model, its files and what else of it is kept.
    """

    def __init__(self, named: dict[str, str]) -> None:
        self.named, self.origin = named, "synthetic"
        self.timestamp: TimestampPolicy | None = None
        self._marker: Marker | None = None

    @property
    def marker(self) -> Marker:
        """The marker."""
        if self._marker is None:
            from forensics.marking import Marker

            version = self.named.get("files", "")[:12] or None
            self._marker = Marker.default(
                self.named["model"], version, origin=self.origin, timestamp=self.timestamp
            )
        return self._marker

    def close(self) -> None:
        """Close its store, if it was opened."""
        if self._marker is not None:
            self._marker.close()


class Writer:
    """Writes what was drawn.

    Args:
        opened: The marker of the run; None for plain files.
        settings: How it was drawn, as settings.json has it; a digest of that and of the number is signed.
            With `decoder`, the pixels say what somebody else can find alone.
        parent: The picture that was changed, None for new ones.

    Attributes:
        settings: As given.
        too_small: How many had no room for a mark after the fact.
    """

    def __init__(self, opened: Opened | None, settings: dict[str, Any], parent: Path | None) -> None:
        self.settings, self.too_small = settings, 0
        self._opened, self._parent, self._signed = opened, parent, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.close()

    def write(self, drawn: Drawn) -> MarkedFile | None:
        """Write a file; return what was marked, None where nothing is.

        Raises:
            MissingExtra: Clips need a package that is not installed.
            ForensicsError: As for `Marker.save`; nothing was left.
        """
        if self._opened is None:
            _plain(drawn)
            return None
        return self._opened.marker.save(drawn.pixels, drawn.path, self._order(drawn))

    def note(self) -> str:
        """Return a sentence about what could not be marked; "" for nothing."""
        if "decoder" in self.settings:
            return (
                "the pixels are signed by the decoder that was issued; only who has its key can find the "
                "mark, so the credentials do not name it"
            )
        if not self.too_small:
            return ""
        return (
            f"{self.too_small} of the files are too small for a watermark after the fact (less than 128 px): "
            "they have credentials and entries only"
        )

    def _order(self, drawn: Drawn) -> Order:
        from forensics.marking import Order, What
        from forensics.watermark.watermarker import LEAST_SIDE

        of_all, foreign = drawn.number is None, "decoder" in self.settings
        self._signed = self._signed or drawn.carried is not None
        carried = None if foreign else drawn.carried
        # The overview of signed pictures shows their marks, which another one of the same key would disturb.
        room = min(drawn.pixels.shape[-3:-1]) >= LEAST_SIDE and not foreign and not (of_all and self._signed)
        if not room and drawn.carried is None and not (of_all and self._signed):
            self.too_small += 1
        return Order(
            carried=carried,
            watermark=room or carried is not None,
            what=What.EDITED if self._parent else What.MADE,
            parameters={**self.settings, "number": "all" if drawn.number is None else drawn.number},
            parent=self._parent,
            rate=_RATE,
            crf=12,
            overwrite=True,
        )


def writer(
    options: dict[str, Any], opened: Opened, source: Path | None
) -> Callable[[dict[str, Any]], Writer]:
    """Take the options of marking out, and return what makes a writer of the settings.

    Args:
        options: Of the command.
        opened: The marker of the run, of which it is said here what it marks.
        source: The picture that is changed, None for new ones.

    Raises:
        UsageError: Options contradict one another.
    """
    unmarked, timestamp = options.pop("unmarked"), timestamp_of(options)
    if unmarked and timestamp is not None:
        raise UsageError("--timestamp is of files that are marked, and --unmarked asks for others")
    parent = source or next((options[name] for name in _PARENTS if options.get(name)), None)
    opened.timestamp, opened.origin = timestamp, "composite" if parent else "synthetic"

    def make(settings: dict[str, Any]) -> Writer:
        kept = {key: value for key, value in settings.items() if key not in _OF_A_RUN}
        if unmarked:
            logger.warning("unmarked, as asked for: no watermark, no credentials, no entry in the store")
        return Writer(None if unmarked else opened, {**kept, "marked": not unmarked}, parent)

    return make


def _plain(drawn: Drawn) -> None:
    import io

    from PIL import Image

    from forensics.files import atomic_write
    from forensics.marking.films import film, is_film

    if is_film(drawn.pixels):
        atomic_write(drawn.path, film(drawn.pixels, _RATE))
        return
    out = io.BytesIO()
    Image.fromarray(drawn.pixels).save(out, "PNG")
    atomic_write(drawn.path, out.getvalue())
