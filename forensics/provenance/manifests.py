"""What is to be signed, as typed records: templates for the usual cases, checks for everything else.

The SDK signs a made-up source type, an action list without a beginning and a one-megabyte assertion
without a word. These records refuse them before anything is signed.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Annotated, Any, Self, TypedDict, Unpack

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from forensics import __version__
from forensics.errors import ManifestError
from forensics.evidence import Model

__all__ = [
    "ActionEntry",
    "Agent",
    "Assertion",
    "DigitalSource",
    "Extras",
    "Manifest",
    "SoftBinding",
    "captured",
    "edited_by_model",
    "human_edit",
    "made_by_model",
    "validated",
]

MAX_ASSERTION_BYTES = 1 << 20
CREATED, OPENED, WATERMARKED = "c2pa.created", "c2pa.opened", "c2pa.watermarked.bound"
SOFT_BINDING, BOUND_BY = "c2pa.soft-binding", "synthetic-media-forensics.soft-binding"
_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# Names have at least two parts: "c2pa.edited", "com.example.run". C2PA 2.x, section 6.2.
_NAMESPACED = re.compile(r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$")
# Written by the SDK or by other fields of a manifest; a second copy would contradict them.
_RESERVED = (
    "c2pa.actions", "c2pa.certificate-status", "c2pa.claim", "c2pa.hash", "c2pa.ingredient",
    "c2pa.signature", "c2pa.soft-binding", "c2pa.thumbnail", "c2pa.time-stamp", "cawg.identity",
)  # fmt: skip


class DigitalSource(StrEnum):
    """The source types that C2PA knows (IPTC NewsCodes, and two of its own)."""

    ALGORITHMIC_MEDIA = _IPTC + "algorithmicMedia"
    ALGORITHMICALLY_ENHANCED = _IPTC + "algorithmicallyEnhanced"
    COMPOSITE = _IPTC + "composite"
    COMPOSITE_CAPTURE = _IPTC + "compositeCapture"
    COMPOSITE_SYNTHETIC = _IPTC + "compositeSynthetic"
    COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA = _IPTC + "compositeWithTrainedAlgorithmicMedia"
    COMPUTATIONAL_CAPTURE = _IPTC + "computationalCapture"
    DATA_DRIVEN_MEDIA = _IPTC + "dataDrivenMedia"
    DIGITAL_ART = _IPTC + "digitalArt"
    DIGITAL_CAPTURE = _IPTC + "digitalCapture"
    DIGITAL_CREATION = _IPTC + "digitalCreation"
    EMPTY = "http://c2pa.org/digitalsourcetype/empty"
    HUMAN_EDITS = _IPTC + "humanEdits"
    MINOR_HUMAN_EDITS = _IPTC + "minorHumanEdits"
    NEGATIVE_FILM = _IPTC + "negativeFilm"
    POSITIVE_FILM = _IPTC + "positiveFilm"
    PRINT = _IPTC + "print"
    SCREEN_CAPTURE = _IPTC + "screenCapture"
    SOFTWARE_IMAGE = _IPTC + "softwareImage"
    TRAINED_ALGORITHMIC_DATA = "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"
    TRAINED_ALGORITHMIC_MEDIA = _IPTC + "trainedAlgorithmicMedia"
    VIRTUAL_RECORDING = _IPTC + "virtualRecording"


def _namespaced(value: str) -> str:
    if not _NAMESPACED.match(value):
        raise ValueError(f"{value!r} has no namespace, such as 'c2pa.' or 'com.example.'")
    return value


Label = Annotated[str, Field(max_length=200), AfterValidator(_namespaced)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class _Record(Model):
    """A record whose JSON keys are in camel case, as C2PA writes them."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


class Agent(Model):
    """Software, a model or a device."""

    name: Text
    version: Text | None = None


class ActionEntry(_Record):
    """One thing that was done."""

    action: Label
    digital_source_type: DigitalSource | None = None
    software_agent: Agent | None = None
    when: (
        Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")] | None
    ) = None
    description: Text | None = None
    reason: Text | None = None
    parameters: dict[str, Any] | None = Field(
        default=None, description="`ingredientIds` is filled by signing."
    )

    @field_validator("software_agent", mode="before")
    @classmethod
    def _agent_by_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    def using(self, labels: list[str]) -> ActionEntry:
        """Return the action with references to ingredients added."""
        given = dict(self.parameters or {})
        given["ingredientIds"] = [*given.get("ingredientIds", []), *labels]
        return self.model_copy(update={"parameters": given})


class SoftBinding(Model):
    """A watermark or fingerprint by which a copy without metadata finds its manifest."""

    alg: Label = Field(description="Name in the C2PA list of algorithms, such as 'com.adobe.trustmark.P'.")
    value: Text
    watermark: bool = Field(default=True, description="Whether it was put into the picture.")


class Assertion(Model):
    """Any other assertion: a label of your own namespace and JSON data."""

    label: Label
    data: dict[str, Any]

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if any(self.label == r or self.label.startswith((r + ".", r + "_")) for r in _RESERVED):
            raise ValueError(f"{self.label!r} is written by the signer and cannot be given as an assertion")
        size = len(json.dumps(self.data, allow_nan=False))
        if size > MAX_ASSERTION_BYTES:
            raise ValueError(f"{self.label!r} has {size} bytes; at most {MAX_ASSERTION_BYTES} are signed")
        return self


class Manifest(Model):
    """Everything that a signer claims about a file."""

    actions: tuple[ActionEntry, ...] = Field(description="In order; the first one creates or opens.")
    title: Text | None = Field(default=None, description="The name of the destination file if None.")
    generator: Agent = Field(default=Agent(name="forensics", version=__version__))
    all_actions_included: bool = Field(
        default=True, description="Whether nothing else was done; without it readers call a source ambiguous."
    )
    soft_bindings: tuple[SoftBinding, ...] = ()
    assertions: tuple[Assertion, ...] = ()

    @model_validator(mode="after")
    def _has_one_beginning(self) -> Self:
        beginnings = [a.action for a in self.actions if a.action in (CREATED, OPENED)]
        if not self.actions or self.actions[0].action not in (CREATED, OPENED):
            raise ValueError(f"the first action must be {CREATED} or {OPENED}")
        if len(beginnings) > 1:
            raise ValueError(f"one action begins the history, not {len(beginnings)}: {', '.join(beginnings)}")
        if self.actions[0].action == CREATED and self.actions[0].digital_source_type is None:
            raise ValueError(f"{CREATED} needs a digitalSourceType")
        return self

    @property
    def opens(self) -> bool:
        """Whether it continues a history, so that a parent is needed."""
        return self.actions[0].action == OPENED


class Extras(TypedDict, total=False):
    """What every template takes besides its own arguments.

    Attributes:
        title: Title of the work; the name of the destination file if left out.
        generator: Software that makes the claim; this suite if left out.
        soft_bindings: Watermarks put into the picture and fingerprints taken of it.
        assertions: Anything else, under labels of your own namespace.
        all_actions_included: False where more was done than is listed.
    """

    title: str | None
    generator: Agent
    soft_bindings: tuple[SoftBinding, ...]
    assertions: tuple[Assertion, ...]
    all_actions_included: bool


def made_by_model(model: str, version: str | None = None, **extras: Unpack[Extras]) -> Manifest:
    """Describe a picture or clip that a generative model made as a whole (trainedAlgorithmicMedia).

    Args:
        model: Name of the model.
        version: Its version.
        **extras: See `Extras`.

    Raises:
        ManifestError: A value is empty, too long or of a wrong form.
    """
    source = DigitalSource.TRAINED_ALGORITHMIC_MEDIA
    return _manifest([_action(CREATED, source, model, version)], extras)


def edited_by_model(model: str, version: str | None = None, **extras: Unpack[Extras]) -> Manifest:
    """Describe a picture that a model changed in part (compositeWithTrainedAlgorithmicMedia).

    The picture before the change is the `parent` of `sign`; without one, the file to be signed itself.

    Args:
        model: Name of the model.
        version: Its version.
        **extras: See `Extras`.

    Raises:
        ManifestError: A value is empty, too long or of a wrong form.
    """
    source = DigitalSource.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA
    return _manifest([{"action": OPENED}, _action("c2pa.edited", source, model, version)], extras)


def captured(device: str | None = None, version: str | None = None, **extras: Unpack[Extras]) -> Manifest:
    """Describe a picture or clip that a digital camera recorded (digitalCapture).

    Args:
        device: Name of the camera, None to leave it unsaid.
        version: Version of its software.
        **extras: See `Extras`.

    Raises:
        ManifestError: A value is empty, too long or of a wrong form.
    """
    return _manifest([_action(CREATED, DigitalSource.DIGITAL_CAPTURE, device, version)], extras)


def human_edit(software: str | None = None, version: str | None = None, **extras: Unpack[Extras]) -> Manifest:
    """Describe a picture that a person changed with ordinary software (humanEdits).

    The picture before the change is the `parent` of `sign`; without one, the file to be signed itself.

    Args:
        software: Name of the editor, None to leave it unsaid.
        version: Its version.
        **extras: See `Extras`.

    Raises:
        ManifestError: A value is empty, too long or of a wrong form.
    """
    edited = _action("c2pa.edited", DigitalSource.HUMAN_EDITS, software, version)
    return _manifest([{"action": OPENED}, edited], extras)


def _action(name: str, source: DigitalSource, agent: str | None, version: str | None) -> dict[str, Any]:
    described = None if agent is None else {"name": agent, "version": version}
    return {"action": name, "digital_source_type": source, "software_agent": described}


def _manifest(actions: list[dict[str, Any]], extras: Extras) -> Manifest:
    """Build a manifest; a watermark put in is an action of its own, which names its soft binding.

    C2PA 2.4 wants such a binding in the same claim. Its own way of pointing there, by a hash, cannot be used:
    the SDK salts assertions while it signs.
    """
    for binding in extras.get("soft_bindings", ()):
        if binding.watermark:
            named = {"label": SOFT_BINDING, "alg": binding.alg, "value": binding.value}
            actions = [*actions, {"action": WATERMARKED, "parameters": {BOUND_BY: named}}]
    return validated({**extras, "actions": actions})


def validated(fields: dict[str, Any]) -> Manifest:
    """Return the manifest with these fields.

    Raises:
        ManifestError: One is wrong; the message names it.
    """
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        raise _explained(error) from error


def _explained(error: ValidationError) -> ManifestError:
    """Turn pydantic's report into one line that names the place."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    more = error.error_count() - 1
    return ManifestError(
        f"manifest{': ' + place if place else ''}: {message}" + (f" (and {more} more)" if more else "")
    )
