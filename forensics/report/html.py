"""One self-contained HTML file for any number of audits.

The file holds no script and loads nothing: a policy in its head forbids both, pictures are re-encoded
previews inside the page, and every text from a file is escaped, first against hidden characters, then
against markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from forensics import __version__
from forensics.audit_report import AuditReport
from forensics.evidence import Evidence
from forensics.media import Pixels
from forensics.provenance.report import CredentialReport, Ingredient, ManifestReport
from forensics.report.maps import heat, png
from forensics.report.pages import data_address, environment
from forensics.report.plots import svg_plot
from forensics.report.text import weight

__all__ = ["render_html"]

MAP_SIDE = 480
DEPTH = 12


@dataclass(frozen=True)
class Picture:
    """A picture in the page, as a data address."""

    caption: str
    address: str


@dataclass(frozen=True)
class Branch:
    """One manifest in the drawn chain, with the ones it was made from.

    Attributes:
        relationship: To the one above it.
        title: Of the picture.
        failed: Failure codes of the reference to it.
        manifest: What is drawn; None where nothing more is.
        note: Why nothing more is drawn.
        parts: What it was made from.
    """

    relationship: str
    title: str
    failed: tuple[str, ...] = ()
    manifest: ManifestReport | None = None
    note: str = ""
    parts: tuple[Branch, ...] = ()


@dataclass(frozen=True)
class Page:
    """What the template shows of one report."""

    report: AuditReport
    picture: Picture | None
    chain: Branch | None


def render_html(audits: Iterable[tuple[AuditReport, bytes | None]]) -> str:
    """Return the page. No file is opened for it.

    Args:
        audits: Reports, each with a preview of its picture (see `forensics.report.maps.preview`), or None.
    """
    made = environment()
    made.filters.update(weight=weight, maps=_maps, plots=_plots)
    pages = [Page(report, _picture(preview), _chain(report.credentials)) for report, preview in audits]
    return made.get_template("report.html.j2").render(pages=pages, version=__version__)


def _picture(preview: bytes | None) -> Picture | None:
    return Picture("the first frame, as stored", data_address(preview, "jpeg")) if preview else None


def _maps(evidence: Evidence) -> list[Picture]:
    return [Picture(one.caption, data_address(png(_small(heat(one.values))), "png")) for one in evidence.maps]


def _small(pixels: Pixels) -> Pixels:
    step = max(1, -(-max(pixels.shape[:2]) // MAP_SIDE))
    return pixels[::step, ::step]


def _plots(evidence: Evidence) -> list[Markup]:
    return [Markup(svg_plot(plot)) for plot in evidence.plots]  # noqa: S704 - every text in it is escaped


def _chain(credentials: CredentialReport) -> Branch | None:
    """Return the manifests from the active one down, each drawn once: later ones only refer to it.

    Hostile files name the same ingredient many times over, so a full tree would grow exponentially.
    """
    by_label = {manifest.label: manifest for manifest in credentials.manifests}
    active = next((m for m in credentials.manifests if m.active), None)
    drawn: set[str] = set()

    def parts(manifest: ManifestReport, depth: int) -> tuple[Branch, ...]:
        drawn.add(manifest.label)
        return tuple(part(item, depth + 1) for item in manifest.ingredients)

    def part(item: Ingredient, depth: int) -> Branch:
        known = by_label.get(item.manifest)
        reason = _reason(item.manifest, known, drawn, depth)
        if known is None or reason:
            return Branch(item.relationship, item.title, item.failed, note=reason)
        return Branch(item.relationship, known.title, item.failed, known, parts=parts(known, depth))

    if active is None:
        return None
    return Branch("this file", active.title, manifest=active, parts=parts(active, 0))


def _reason(label: str, known: ManifestReport | None, drawn: set[str], depth: int) -> str:
    """Return why an ingredient is not drawn further, "" if it is."""
    if known is None:
        return "its credential is missing" if label else "no credential of its own"
    if label in drawn:
        return "drawn elsewhere in this chain"
    return "not drawn: too deep" if depth >= DEPTH else ""
