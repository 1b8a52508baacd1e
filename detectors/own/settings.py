"""The small TOML that says how an ONNX file is asked whether a picture is generated."""

from __future__ import annotations

import hashlib
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from forensics.errors import UsageError
from forensics.evidence import Model, Question

__all__ = ["InputSettings", "ModelFile", "OutputSettings", "OwnSettings", "content_of", "read_settings"]

_MOST_BYTES = 64 * 1024
_LARGEST_SIDE = 4096

Size = Literal["tile", "centre", "resize", "shorter", "native"]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only printable characters in one line are allowed")
    return text


Text = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]


class ModelFile(Model):
    """The network.

    Attributes:
        file: Its ONNX file; from the folder of the TOML if relative.
        sha256: Of that file, if it is to be this very one.
    """

    file: Text = Field(min_length=1)
    sha256: str = Field(default="", pattern=r"^([0-9a-fA-F]{64})?$")


class InputSettings(Model):
    """What the network is shown of a picture.

    Attributes:
        size: "tile": squares of the picture's own grid that hold something; "centre": one square of it;
            "resize": the whole, scaled to a square; "shorter": scaled until the shorter side is `shorter`
            pixels, and the square in its centre; "native": the whole as it is.
        side: Of the square, in pixels.
        shorter: For the size of that name.
        multiple: Both sides of a whole picture are cut to multiples of it.
        tiles: Of a picture, at most.
        most_pixels: Of a whole picture; larger ones are not looked at.
        resample: How pixels are made where it is scaled, with smoothing where it gets smaller.
        layout: Order of the axes.
        colours: Order of the planes.
        range: What white is: 1 or 255.
        mean: Subtracted, of each plane, after that.
        std: By which it is divided then.
        batch: Squares at a time, where the network leaves that open.
    """

    size: Size = "tile"
    side: int = Field(default=64, ge=8, le=_LARGEST_SIDE)
    shorter: int = Field(default=256, ge=8, le=_LARGEST_SIDE)
    multiple: int = Field(default=1, ge=1, le=1024)
    tiles: int = Field(default=32, ge=1, le=1024)
    most_pixels: int = Field(default=16_000_000, ge=64, le=100_000_000)
    resample: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"
    layout: Literal["nchw", "nhwc"] = "nchw"
    colours: Literal["rgb", "bgr", "grey"] = "rgb"
    range: Literal[1, 255] = 1
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    batch: int = Field(default=8, ge=1, le=256)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.size == "tile" and self.side % 8:
            raise ValueError("the side of tiles has to be a multiple of 8")
        if self.size == "shorter" and self.shorter < self.side:
            raise ValueError("`shorter` is less than `side`")
        for values in (self.mean, self.std):
            if values and len(values) != self.planes:
                raise ValueError(f"mean and std need {self.planes} numbers each")
        if any(value <= 0 for value in self.std):
            raise ValueError("std has to be above 0")
        return self

    @property
    def planes(self) -> int:
        """Number of planes of colour."""
        return 1 if self.colours == "grey" else 3


class OutputSettings(Model):
    """What the network says.

    Attributes:
        number: Which of its outputs, from 0.
        column: Which value of that; may be left out where there is but one.
        against: Value that is subtracted, such as the other one of two logits.
        meaning: "logit", "probability" (0 to 1; made a logit), or any other "score".
        synthetic: Whether "high" or "low" values speak for yes.
    """

    number: int = Field(default=0, ge=0, le=64)
    column: int | None = Field(default=None, ge=-100_000, le=100_000)
    against: int | None = Field(default=None, ge=-100_000, le=100_000)
    meaning: Literal["logit", "probability", "score"]
    synthetic: Literal["high", "low"] = "high"

    @model_validator(mode="after")
    def _against_something(self) -> Self:
        if self.against is not None and (self.column is None or self.meaning == "probability"):
            raise ValueError("`against` needs a `column`, and is not for probabilities")
        return self


class OwnSettings(Model):
    """A detector.

    Attributes:
        name: Under which it stands in reports.
        title: One line: what it looks for.
        model: The network.
        input: What it is shown.
        output: What it says.
        question: What that speaks about.
        calibration: Table that `forensics calibrate` wrote, from the folder of the TOML if relative; without
            one, scores weigh nothing.
        source: Paper or address.
        licence: Of the weights.
        limits: When it misleads.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    title: Text = Field(min_length=1)
    model: ModelFile
    input: InputSettings = InputSettings()
    output: OutputSettings
    question: Literal[Question.SYNTHETIC, Question.ALTERED] = Question.SYNTHETIC
    calibration: Text = ""
    source: Text = "not stated"
    licence: Text = "not stated"
    limits: Text = "Its author did not say when it misleads."

    def version_with(self, weights: bytes) -> str:
        """Return a version that changes with the weights and with all that changes scores."""
        asked = self.input.model_dump_json(exclude={"batch"}) + self.output.model_dump_json()
        return "own-" + hashlib.sha256(hashlib.sha256(weights).digest() + asked.encode()).hexdigest()[:12]


def read_settings(path: Path) -> OwnSettings:
    """Read the TOML of a detector.

    Args:
        path: The file.

    Raises:
        UsageError: It cannot be read, or says something that is not understood; the message names the key.
    """
    text = content_of(path, _MOST_BYTES, "description of a detector")
    try:
        return OwnSettings.model_validate(tomllib.loads(text.decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}", actual=str(path)) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise UsageError(f"{path}: {place}: {first['msg']}", actual=str(path)) from None


def content_of(path: Path, most: int, what: str) -> bytes:
    """Return the content of a file.

    Args:
        path: The file.
        most: Bytes that it may have.
        what: It should be, for the message.

    Raises:
        UsageError: It is missing, too large, or no plain file.
    """
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):  # a device or pipe might never end
            raise UsageError(f"the {what} {path} is no file", actual=str(path))
        if kind.st_size > most:
            raise UsageError(
                f"{path} is too large for a {what}", expected=f"<= {most} bytes", actual=kind.st_size
            )
        with path.open("rb") as file:
            found = file.read(most + 1)
    except (OSError, ValueError) as error:  # the latter for a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read the {what} {path}: {reason}", actual=str(path)) from None
    if len(found) > most:
        raise UsageError(f"{path} is too large for a {what}", expected=f"<= {most} bytes", actual=len(found))
    return found
