"""One row for each file of a scan, whatever came of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from forensics import __version__
from forensics.evidence import Model

__all__ = [
    "ROW_VERSION",
    "VOLATILE",
    "DetectorRow",
    "Match",
    "ScanRow",
    "State",
    "StepTime",
    "comparable",
]

ROW_VERSION = "1.0"
"""Version of the columns; the first number changes when one goes away or means something else."""


class State(StrEnum):
    """What became of a file. Every file has exactly one of these in the end."""

    OK = "ok"  # audited; the verdict says what it is
    UNREADABLE = "unreadable"  # its content, or the way to it, cannot be read; the reason says why
    QUARANTINED = "quarantined"  # it brought its worker down twice, the second time alone


class DetectorRow(Model):
    """What one method said, in short."""

    detector: str
    version: str
    code: str = Field(description="Name of the finding, such as 'jpeg.ghost'.")
    question: str
    status: str = Field(description="signal, clear, not_applicable or error.")
    llr: float | None = Field(default=None, description="log10 likelihood ratio.")
    p_value: float | None = None


class Match(Model):
    """A file found on a list of hashes."""

    list: str = Field(description="Name of the list.")
    kind: str = Field(description="sha256, sha1, md5, pdq or dct.")
    value: str = Field(description="The entry that matched.")
    distance: int = Field(default=0, description="Bits that differ; 0 for exact kinds.")
    label: str = Field(default="", description="What the list says of it.")


class StepTime(Model):
    """Wall-clock cost of one step."""

    step: str
    seconds: float


class ScanRow(Model):
    """Everything that a scan keeps of one file."""

    id: str = Field(description="Stable address: a path, 'archive.zip!/member', 'table.parquet#17' or a URL.")
    source: str = Field(description="The SOURCE under which it was found, as given.")
    state: State
    reason: str = Field(default="", description="Machine-readable reason where the state is not ok.")
    message: str = Field(default="", description="The reason in one sentence.")

    bytes: int = 0
    modified: float = Field(default=0.0, description="Seconds since 1970 in UTC; 0 where nothing says.")
    sha256: str = ""
    md5: str = ""
    duplicate_of: str = Field(default="", description="Id of the first file of the scan with the same bytes.")
    cluster: str = Field(
        default="", description="Id of the first file of its cluster of near-duplicates; '' if it is alone."
    )

    format: str = Field(default="", description="By content, such as 'jpeg'.")
    kind: str = Field(default="", description="image, animation or video.")
    width: int = 0
    height: int = 0
    duration: float = Field(default=0.0, description="Seconds of a clip.")
    name_matches: bool = Field(default=True, description="Whether the file name fits the content.")

    verdict: str = Field(default="", description="A verdict of the audit; '' where there was none.")
    rule: str = Field(default="", description="Name of the rule that decided.")
    because: str = Field(default="", description="The verdict in one sentence.")
    llr_synthetic: float = Field(default=0.0, description="Fused log10 likelihood ratio of the detectors.")
    llr_altered: float = Field(default=0.0, description="Fused log10 likelihood ratio of the detectors.")

    credential_state: str = ""
    credential_chain: str = ""
    credential_codes: tuple[str, ...] = Field(default=(), description="Failure codes of the validator.")
    signer: str = ""
    issuer: str = ""
    trust_list: str = ""
    generator: str = Field(default="", description="Software that made the active claim.")
    ai_signal: str = Field(default="", description="What the whole chain says about generative models.")

    watermark: str = Field(default="", description="Code of the finding, such as 'watermark.found'.")
    watermark_key: str = ""
    watermark_payload: str = ""
    watermark_p: float | None = None

    contradictions: tuple[str, ...] = Field(default=(), description="Codes, in the order of the report.")
    pdq: str = Field(default="", description="PDQ in hex; '' for a flat picture.")
    pdq_quality: float = 0.0
    dct: str = Field(default="", description="Code of four nested windows in hex; '' for a flat picture.")
    dct_quality: float = 0.0
    matches: tuple[Match, ...] = ()

    profile: str = Field(default="", description="triage, standard or deep.")
    stage: int = Field(default=0, description="Last stage of the cascade that was run, from 1.")
    detectors: tuple[DetectorRow, ...] = ()
    problems: tuple[str, ...] = Field(default=(), description="'step: code' of what failed on the way.")
    suite_version: str = __version__
    models: str = Field(default="", description="Digest over the weights that may have been used.")

    attempts: int = 1
    seconds: float = Field(default=0.0, description="Wall-clock cost of the whole audit.")
    timings: tuple[StepTime, ...] = ()


VOLATILE = ("attempts", "seconds", "timings")
"""Columns that two runs over the same files need not share."""


def comparable(row: ScanRow) -> Mapping[str, Any]:
    """Return what two runs with the same settings over the same files have in common."""
    return row.model_dump(mode="json", exclude=set(VOLATILE))
