"""One self-contained HTML file for any number of audits.

The file holds no script and loads nothing: a policy in its head forbids both, pictures are re-encoded
previews inside the page, and every text from a file is escaped, first against hidden characters, then
against markup.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from forensics import __version__
from forensics.audit_report import AuditReport
from forensics.errors import MediaError
from forensics.evidence import Evidence
from forensics.media import Limits, Pixels, open_media
from forensics.provenance.report import CredentialReport, ManifestReport
from forensics.report.maps import heat, png, preview
from forensics.report.plots import svg_plot
from forensics.report.safe import printable
from forensics.report.text import weight

__all__ = ["render_html"]

log = logging.getLogger(__name__)

MAP_SIDE = 480
DEPTH = 12


@dataclass(frozen=True)
class Picture:
    """A picture in the page, as a data address."""

    caption: str
    address: str


@dataclass(frozen=True)
class Branch:
    """One manifest in the drawn chain, with the ones it was made from."""

    relationship: str
    title: str
    manifest: ManifestReport | None
    failed: tuple[str, ...]
    parts: tuple[Branch, ...]


@dataclass(frozen=True)
class Page:
    """What the template shows of one report."""

    report: AuditReport
    picture: Picture | None
    chain: Branch | None


def render_html(audits: Iterable[tuple[AuditReport, Path]], limits: Limits | None = None) -> str:
    """Return the page.

    Args:
        audits: Reports, each with the path of its file, which is opened again for the preview.
        limits: What reading one file may cost.
    """
    environment = Environment(
        loader=PackageLoader("forensics.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(show=printable, weight=weight, maps=_maps, plots=_plots)
    pages = [
        Page(report, _picture(path, limits or Limits()), _chain(report.credentials))
        for report, path in audits
    ]
    return environment.get_template("report.html.j2").render(pages=pages, version=__version__)


def _picture(path: Path, limits: Limits) -> Picture | None:
    try:
        return Picture(
            "the first frame, as stored", _address(preview(open_media(path, limits).pixels), "jpeg")
        )
    except MediaError as error:
        log.info("no preview of %r: %s", path, error)
        return None


def _address(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _maps(evidence: Evidence) -> list[Picture]:
    return [Picture(one.caption, _address(png(_small(heat(one.values))), "png")) for one in evidence.maps]


def _small(pixels: Pixels) -> Pixels:
    step = max(1, -(-max(pixels.shape[:2]) // MAP_SIDE))
    return pixels[::step, ::step]


def _plots(evidence: Evidence) -> list[Markup]:
    return [Markup(svg_plot(plot)) for plot in evidence.plots]  # noqa: S704 - every text in it is escaped


def _chain(credentials: CredentialReport) -> Branch | None:
    """Return the tree of manifests from the active one down; cycles and depth are cut."""
    by_label = {manifest.label: manifest for manifest in credentials.manifests}
    active = next((m for m in credentials.manifests if m.active), None)

    def grow(
        manifest: ManifestReport, relationship: str, failed: tuple[str, ...], above: frozenset[str]
    ) -> Branch:
        parts = []
        for item in manifest.ingredients:
            child = by_label.get(item.manifest)
            if child is None or item.manifest in above or len(above) >= DEPTH:
                parts.append(Branch(item.relationship, item.title, None, item.failed, ()))
            else:
                parts.append(grow(child, item.relationship, item.failed, above | {item.manifest}))
        return Branch(relationship, manifest.title, manifest, failed, tuple(parts))

    return grow(active, "this file", (), frozenset({active.label})) if active else None
