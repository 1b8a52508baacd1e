"""The matrix of contradictions: which claims about one file cannot both be true.

Every source of a claim (credentials, IPTC, XMP, EXIF, PNG text, watermark, detectors) is one side of a
cell; a cell that is occupied is reported by name. A decisive cell touches proof and turns the verdict
to `contradictory`; the others are reported beside whatever the verdict is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forensics.evidence import Claim, ClaimSource, Model, Origin
from forensics.fusion.facts import Facts
from forensics.provenance.report import CredentialState

__all__ = ["MATRIX", "Cell", "Contradiction", "Side", "find_contradictions"]

METADATA = frozenset({ClaimSource.IPTC, ClaimSource.XMP, ClaimSource.PNG_TEXT, ClaimSource.CONTAINER})
EXIF = frozenset({ClaimSource.EXIF})
TRUSTED = frozenset({ClaimSource.C2PA_TRUSTED})
UNTRUSTED = frozenset({ClaimSource.C2PA_UNTRUSTED})
WATERMARK = frozenset({ClaimSource.WATERMARK})
STORE = frozenset({ClaimSource.STORE})
MODEL = frozenset({Origin.SYNTHETIC, Origin.COMPOSITE})
WHOLLY = frozenset({Origin.SYNTHETIC})
CAMERA = frozenset({Origin.CAPTURED})


class Contradiction(Model):
    """Two claims about the file that cannot both be true, or a claim that its own proof denies."""

    name: str
    decisive: bool
    summary: str
    sides: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Side:
    """Claims of some sources about some origins."""

    sources: frozenset[ClaimSource]
    origins: frozenset[Origin]

    def matching(self, claims: Iterable[Claim]) -> tuple[Claim, ...]:
        """Return the claims on this side."""
        return tuple(c for c in claims if c.source in self.sources and c.origin in self.origins)


@dataclass(frozen=True)
class Cell:
    """One named contradiction between two sides."""

    name: str
    one: Side
    other: Side
    decisive: bool
    summary: str


MATRIX: tuple[Cell, ...] = (
    Cell(
        "trusted_capture_vs_watermark",
        Side(TRUSTED, CAMERA),
        Side(WATERMARK, MODEL),
        True,
        "A trusted credential says a camera captured it, and it carries a generator's watermark.",
    ),
    Cell(
        "trusted_capture_vs_store",
        Side(TRUSTED, CAMERA),
        Side(STORE, MODEL),
        True,
        "A trusted credential says a camera captured it, and it is a copy of what a model made.",
    ),
    Cell(
        "trusted_capture_vs_ai_claim",
        Side(TRUSTED, CAMERA),
        Side(METADATA | EXIF, MODEL),
        True,
        "A trusted credential says a camera captured it, and its metadata says a model made it.",
    ),
    Cell(
        "trusted_origins_disagree",
        Side(TRUSTED, CAMERA),
        Side(TRUSTED, WHOLLY),
        True,
        "Trusted manifests of one chain call it both a capture and wholly the output of a model.",
    ),
    Cell(
        "untrusted_capture_vs_ai_claim",
        Side(UNTRUSTED, CAMERA),
        Side(METADATA | EXIF | WATERMARK | STORE, MODEL),
        False,
        "A credential of an unknown signer says a camera captured it; something else says a model made it.",
    ),
    Cell(
        "ai_credential_vs_camera_exif",
        Side(TRUSTED | UNTRUSTED, WHOLLY),
        Side(EXIF, CAMERA),
        False,
        "A credential says a model made all of it, and its EXIF names a camera.",
    ),
    Cell(
        "camera_exif_vs_generator_metadata",
        Side(EXIF, CAMERA),
        Side(METADATA | EXIF, WHOLLY),
        False,
        "Its EXIF names a camera, and its metadata holds the traces of a generator.",
    ),
    Cell(
        "camera_exif_vs_watermark",
        Side(EXIF, CAMERA),
        Side(WATERMARK, MODEL),
        False,
        "Its EXIF names a camera, and it carries a generator's watermark.",
    ),
    Cell(
        "camera_exif_vs_store",
        Side(EXIF, CAMERA),
        Side(STORE, MODEL),
        False,
        "Its EXIF names a camera, and it is a copy of a registered file that a model had a part in.",
    ),
    Cell(
        "source_types_disagree",
        Side(METADATA, CAMERA),
        Side(METADATA, MODEL),
        False,
        "One metadata block says a camera captured it, another that a model made it.",
    ),
    Cell(
        "credential_vs_metadata_source_type",
        Side(TRUSTED | UNTRUSTED, MODEL),
        Side(METADATA, CAMERA),
        False,
        "A credential says a model had a part in it, and its metadata says a camera captured it.",
    ),
)


_COPIED = {
    True: "Its watermark was copied here from another picture: the mark itself shows that.",
    False: "Its watermark is that of a registered picture, and it is another one.",
}


def find_contradictions(claims: Iterable[Claim], facts: Facts) -> tuple[Contradiction, ...]:
    """Return every occupied cell of the matrix, and what the facts contradict by themselves.

    Args:
        claims: All claims found, credentials' included.
        facts: What is known about the file.
    """
    known = tuple(claims)
    return (*_from_facts(known, facts), *_from_matrix(known))


def _from_matrix(claims: tuple[Claim, ...]) -> list[Contradiction]:
    found = []
    for cell in MATRIX:
        one, other = cell.one.matching(claims), cell.other.matching(claims)
        if one and other:
            found.append(
                Contradiction(
                    name=cell.name, decisive=cell.decisive, summary=cell.summary, sides=(one[0], other[0])
                )
            )
    return found


def _from_facts(claims: tuple[Claim, ...], facts: Facts) -> list[Contradiction]:
    found = []
    if facts.chain_broken:
        found.append(
            Contradiction(
                name="broken_chain",
                decisive=True,
                summary="The credential is built on an ingredient whose own credential does not verify.",
            )
        )
    if facts.credential_tampered:
        found.append(
            Contradiction(
                name="credential_tampered",
                decisive=True,
                summary="The credential was changed after it was signed: its own signature denies it.",
            )
        )
    if facts.trusted_capture and (facts.opinion_synthetic or facts.opinion_altered):
        found.append(
            Contradiction(
                name="trusted_capture_vs_detectors",
                decisive=True,
                summary="A trusted credential says a camera captured it, and the passive detectors object.",
            )
        )
    if facts.mark_copied or facts.mark_elsewhere:
        found.append(
            Contradiction(name="mark_copied", decisive=facts.mark_copied, summary=_COPIED[facts.mark_copied])
        )
    ai = [c for c in claims if c.origin in MODEL and c.source in METADATA | EXIF]
    if ai and facts.state in (CredentialState.NONE, CredentialState.REMOTE_DECLARED):
        found.append(
            Contradiction(
                name="ai_claim_without_credentials",
                decisive=False,
                summary="Its metadata says a model made it, but no credential does: removed, or never there.",
                sides=(ai[0],),
            )
        )
    marked = [c for c in claims if c.source is ClaimSource.WATERMARK and c.origin in MODEL]
    silent = WATERMARK | STORE  # neither stands in the file
    declared = [c for c in claims if c.source not in silent and c.origin in MODEL]
    if marked and not declared:
        found.append(
            Contradiction(
                name="watermark_without_declaration",
                decisive=False,
                summary="It carries a generator's watermark, but nothing in the file says so: stripped.",
                sides=(marked[0],),
            )
        )
    return found
