"""The calibration of one finding: a scale for each bucket of quality, and how good each is."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from forensics.detectors.buckets import ALL, NATIVE, RESAMPLED, Quality, nearest
from forensics.detectors.calibrating.scales import Scale
from forensics.detectors.evaluation.bootstrap import Figure
from forensics.errors import RegistryError, UsageError
from forensics.evidence import Calibration, Model, Question
from forensics.files import atomic_write

__all__ = ["BucketScale", "CalibrationTable", "load_table", "read_model"]

M = TypeVar("M", bound=Model)

_NAME = re.compile(r"[a-z0-9_]+")
_MOST_BYTES = 16 * 1024 * 1024


class BucketScale(Model):
    """The scale of one bucket, and its card."""

    bucket: str = Field(description="Such as 'jpeg.high'; 'all' is every picture.")
    scale: Scale
    figures: tuple[Figure, ...] = Field(
        default=(), description="Measured on sources that the scale was not fitted on, in turns."
    )


class CalibrationTable(Model):
    """What the scores of one finding weigh.

    Attributes:
        code: The finding, such as 'periodicity.upsampling'.
        detector: Whose it is.
        version: Version of that detector; another one makes other scores.
        question: What it answers.
        name: Name of the calibration set.
        note: What the set is and does not cover.
        buckets: One for 'all', and one for each bucket with enough sources.
    """

    code: str
    detector: str
    version: str
    question: Question
    name: str
    note: str = ""
    buckets: tuple[BucketScale, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_bucket_once(self) -> Self:
        names = [b.bucket for b in self.buckets]
        if len(set(names)) != len(names) or ALL not in names:
            raise ValueError("the table needs the bucket 'all', and each bucket once")
        return self

    @property
    def needs_resampling(self) -> bool:
        """Whether some bucket asks for traces of interpolation."""
        return any({NATIVE, RESAMPLED} & set(b.bucket.split(".")) for b in self.buckets)

    def of(self, quality: Quality) -> BucketScale:
        """Return the most special bucket that a picture is in."""
        by_name = {b.bucket: b for b in self.buckets}
        return by_name[nearest(quality, by_name) or ALL]

    def llr(self, score: float, quality: Quality) -> float:
        """Return the log10 likelihood ratio of a score of such a picture.

        Raises:
            UsageError: The score is not finite.
        """
        return self.of(quality).scale.llr(score)

    def to_calibration(self, quality: Quality) -> Calibration:
        """Return the record that goes into the evidence."""
        used = self.of(quality)
        note = f"Pictures of the bucket '{used.bucket}'. {self.note}".strip()
        return Calibration(
            name=self.name, negatives=used.scale.negatives, positives=used.scale.positives, note=note
        )

    def save(self, path: Path) -> None:
        """Write the table as JSON.

        Raises:
            OSError: It cannot be written.
        """
        atomic_write(path, (self.model_dump_json(indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a table.

        Raises:
            UsageError: The file cannot be read, or is no such table.
        """
        return read_model(cls, path, "calibration table")


@cache
def load_table(name: str) -> CalibrationTable:
    """Return a table that ships with the package: `name`.json beside the other calibrations.

    Raises:
        RegistryError: There is none of that name.
    """
    file = resources.files("forensics.detectors") / "tables" / f"{name}.json"
    if not _NAME.fullmatch(name) or not file.is_file():
        raise RegistryError(f"no calibration {name!r} in the package", actual=name)
    return CalibrationTable.model_validate_json(file.read_text(encoding="utf-8"))


def read_model(kind: type[M], path: Path, what: str) -> M:
    """Read a record that was written as JSON.

    Args:
        kind: The record.
        path: The file.
        what: What it should be, for the message.

    Raises:
        UsageError: The file cannot be read, is too large, or holds something else.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is too large for a {what}", expected=f"<= {_MOST_BYTES} bytes")
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"cannot read the {what} {path}: {error.strerror or error}", actual=str(path)
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise UsageError(f"{path} is no {what}: {place}: {first['msg']}", actual=str(path)) from None
