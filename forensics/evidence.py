"""Evidence: what every detector and verifier returns.

There are no bare scores here. A piece of evidence names the question it answers, says how much it
weighs (a log10 likelihood ratio or a p-value), what that weight was calibrated on, and where it stops.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Calibration",
    "Claim",
    "ClaimSource",
    "Evidence",
    "EvidenceMap",
    "Grade",
    "Measurement",
    "Origin",
    "Plot",
    "Question",
    "Series",
    "Status",
    "Verdict",
]


class Model(BaseModel):
    """Frozen, closed pydantic model: base of everything that crosses a process or file boundary.

    Numbers are finite: JSON has no other, and a weight that is not a number is a fault of its method.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)


class Question(StrEnum):
    """What a piece of evidence speaks about."""

    SYNTHETIC = "synthetic"  # was it made by a generative model?
    ALTERED = "altered"  # was its content changed after it was captured or signed?
    CAPTURED = "captured"  # did a camera capture it?
    HISTORY = "history"  # what was done to the file (saves, scaling)? Never moves the verdict by itself.


class Grade(StrEnum):
    """How binding a piece of evidence is. Opinions alone never lead past `likely_*`."""

    PROOF = "proof"  # cryptography, or a watermark at a declared false-alarm rate
    CLAIM = "claim"  # the file says so of itself; anyone can write that
    OPINION = "opinion"  # passive statistics


class Status(StrEnum):
    """What came of looking."""

    SIGNAL = "signal"  # something speaks for the question
    CLEAR = "clear"  # it was looked for and not found
    NOT_APPLICABLE = "not_applicable"  # the method says nothing about such a file
    ERROR = "error"  # the method failed; the summary says how


class Origin(StrEnum):
    """What a claim says a picture is."""

    SYNTHETIC = "synthetic"  # made by a model
    COMPOSITE = "composite"  # contains parts made by a model
    CAPTURED = "captured"  # recorded by a camera or scanner
    EDITED = "edited"  # changed by a person with software
    CREATED = "created"  # drawn or rendered without a trained model


class ClaimSource(StrEnum):
    """Where a claim stands."""

    C2PA_TRUSTED = "c2pa_trusted"
    C2PA_UNTRUSTED = "c2pa_untrusted"
    IPTC = "iptc"
    XMP = "xmp"
    EXIF = "exif"
    PNG_TEXT = "png_text"
    CONTAINER = "container"
    WATERMARK = "watermark"
    STORE = "store"  # a registered manifest of which the file is a copy


class Verdict(StrEnum):
    """What an audit concludes. Only proof reaches past `likely_*`."""

    SYNTHETIC = "synthetic"
    LIKELY_SYNTHETIC = "likely_synthetic"
    ALTERED = "altered"
    LIKELY_ALTERED = "likely_altered"
    CAPTURED = "captured"
    CONTRADICTORY = "contradictory"
    INCONCLUSIVE = "inconclusive"
    UNREADABLE = "unreadable"


class Claim(Model):
    """One thing that a file says of itself, for the matrix of contradictions."""

    source: ClaimSource
    origin: Origin
    text: str = Field(description="The words or value found, shortened.")


class Calibration(Model):
    """What the weight of a piece of evidence rests on."""

    name: str = Field(description="Name of the calibration set or of the null model.")
    negatives: int = Field(ge=0, description="Number of pictures without the property; 0 for an exact null.")
    positives: int = Field(ge=0, description="Number of pictures with the property.")
    note: str = Field(default="", description="What the set does not cover.")


class Measurement(Model):
    """A number or word behind a piece of evidence."""

    name: str
    value: float | int | bool | str
    unit: str = ""


class EvidenceMap(Model):
    """A map over the picture.

    Attributes:
        name: Short file-name-safe name, unique within a report together with the detector.
        caption: What bright means.
        values: (h, w) float32 in [0, 1]; any size, stretched over the whole picture when shown.
    """

    name: str
    caption: str
    values: Annotated[npt.NDArray[np.float32], Field(exclude=True, repr=False)]
    file: str | None = Field(default=None, description="PNG written with --maps, relative to that folder.")


class Series(Model):
    """One line of a plot."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


class Plot(Model):
    """A small plot as data; the report draws it."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]


class Evidence(Model):
    """One answer of one method to one question."""

    detector: str = Field(description="Registered name of the method, or 'credentials'.")
    version: str = Field(default="1", description="Version of the method; a change moves its calibration.")
    code: str = Field(description="Stable machine-readable name of the finding, such as 'jpeg.ghost'.")
    question: Question
    grade: Grade
    status: Status
    summary: str = Field(description="One sentence for a person.")
    llr: float | None = Field(
        default=None, description="log10 likelihood ratio in favour of the question being answered yes."
    )
    p_value: float | None = Field(default=None, ge=0, le=1, description="Under the null of the calibration.")
    calibration: Calibration | None = None
    limits: str = Field(default="", description="When this evidence misleads.")
    claims: tuple[Claim, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    maps: tuple[EvidenceMap, ...] = ()
    plots: tuple[Plot, ...] = ()

    @model_validator(mode="after")
    def _no_bare_scores(self) -> Self:
        ran = self.status in (Status.SIGNAL, Status.CLEAR)
        if self.grade is Grade.OPINION and ran:
            if self.llr is None and self.p_value is None:
                raise ValueError(f"{self.code}: an opinion needs an llr or a p_value")
            if self.calibration is None:
                raise ValueError(f"{self.code}: an opinion needs its calibration")
        if not ran and (self.llr is not None or self.p_value is not None):
            raise ValueError(f"{self.code}: {self.status} evidence carries no weight")
        return self
