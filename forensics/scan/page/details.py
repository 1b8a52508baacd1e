"""Whole reports as records that the page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from forensics.audit_report import AuditReport
from forensics.evidence import Evidence, Plot
from forensics.fusion.opinions import FusedOpinion
from forensics.provenance.report import CredentialReport, Ingredient, ManifestReport
from forensics.report.text import weight
from forensics.scan.detail import Detail, MapPicture
from forensics.scan.page.pictures import map_text
from forensics.scan.page.plain import plain_tree

__all__ = ["detail_record"]

DEPTH = 12
MOST_BRANCHES = 200
MOST_POINTS = 400


def detail_record(detail: Detail) -> dict[str, Any]:
    """Return what the page shows of a detail; every text in it may be shown."""
    report = detail.report
    record = {
        "verdict": report.verdict.value,
        "rule": report.rule,
        "because": report.because,
        "reasons": report.reasons,
        "threshold": report.threshold,
        "media": report.media.model_dump(exclude_defaults=True),
        "contradictions": [_contradiction(report, n) for n in range(len(report.contradictions))],
        "evidence": [_evidence(item) for item in report.evidence],
        "opinions": [_opinion(item) for item in report.opinions if item.terms],
        "credentials": _credentials(report.credentials),
        "problems": [{"code": p.code, "where": p.where, "message": p.message} for p in report.errors],
    }
    shown: dict[str, Any] = plain_tree(record)
    shown["maps"] = [made for one in detail.maps if (made := _map(one))]
    return shown


def _contradiction(report: AuditReport, number: int) -> dict[str, Any]:
    one = report.contradictions[number]
    sides = [[side.source.value, side.text] for side in one.sides]
    return {"name": one.name, "decisive": one.decisive, "summary": one.summary, "sides": sides}


def _evidence(item: Evidence) -> dict[str, Any]:
    calibration = item.calibration
    rests = ""
    if calibration:
        counts = f"{calibration.negatives} without, {calibration.positives} with"
        rests = f"{calibration.name}: {counts}. {calibration.note}".strip()
    return {
        "code": item.code,
        "detector": item.detector,
        "question": item.question.value,
        "grade": item.grade.value,
        "status": item.status.value,
        "weight": weight(item),
        "llr": item.llr,
        "summary": item.summary,
        "limits": item.limits,
        "calibration": rests,
        "measurements": [[m.name, str(m.value), m.unit] for m in item.measurements],
        "plots": [_plot(plot) for plot in item.plots],
    }


def _plot(plot: Plot) -> dict[str, Any]:
    """Return a plot with at most some hundreds of points in each line."""
    series = []
    for line in plot.series:
        step = max(1, -(-len(line.x) // MOST_POINTS))
        series.append({"name": line.name, "x": line.x[::step], "y": line.y[::step]})
    return {"title": plot.title, "x": plot.x_label, "y": plot.y_label, "series": series}


def _opinion(opinion: FusedOpinion) -> dict[str, Any]:
    return {
        "question": opinion.question.value,
        "prior": opinion.prior,
        "llr": opinion.llr,
        "odds": opinion.log10_posterior_odds,
        "terms": [[t.code, t.llr, t.weight, t.contribution] for t in opinion.terms],
    }


def _credentials(report: CredentialReport) -> dict[str, Any]:
    return {
        "state": report.state.value,
        "chain": report.chain.value,
        "message": report.message,
        "trust_list": report.trust_list,
        "failures": report.failures,
        "remote_url": report.remote_url,
        "sidecar": report.sidecar,
        "branches": list(_branches(report.manifests)),
    }


def _branches(manifests: Sequence[ManifestReport]) -> Iterator[dict[str, Any]]:
    """Yield the chain from the active manifest down, each drawn once: hostile ones grow exponentially."""
    by_label = {manifest.label: manifest for manifest in manifests}
    active = next((m for m in manifests if m.active), None)
    waiting = [(0, Ingredient(title="", relationship="this file", manifest=active.label))] if active else []
    drawn: set[str] = set()
    left = MOST_BRANCHES
    while waiting and left:
        depth, item = waiting.pop()
        known = by_label.get(item.manifest)
        note = _note(item.manifest, known, drawn, depth)
        branch = {"depth": depth, "relationship": item.relationship, "title": item.title, "note": note}
        yield branch | {"failed": item.failed, "manifest": _manifest(known) if known and not note else None}
        if known and not note:
            drawn.add(known.label)
            waiting += [(depth + 1, part) for part in reversed(known.ingredients[:MOST_BRANCHES])]
        left -= 1
    if waiting:
        yield {"depth": 0, "relationship": "", "title": "", "note": "more than is drawn", "failed": ()}


def _note(label: str, known: ManifestReport | None, drawn: set[str], depth: int) -> str:
    """Return why an ingredient is not drawn further, "" if it is."""
    if known is None:
        return "its credential is missing" if label else "no credential of its own"
    if label in drawn:
        return "drawn elsewhere in this chain"
    return "not drawn: too deep" if depth >= DEPTH else ""


def _manifest(manifest: ManifestReport) -> dict[str, Any]:
    signer, time = manifest.signer, manifest.signed_time
    return {
        "title": manifest.title,
        "generator": manifest.generator,
        "trusted": manifest.trusted,
        "intact": manifest.intact,
        "signer": signer.subject if signer else "",
        "issuer": signer.issuer if signer else "",
        "algorithm": signer.algorithm if signer else "",
        "time": time.value if time else "",
        "time_trusted": bool(time and time.trusted),
        "actions": [[a.name, a.source_type.rpartition("/")[2], a.created] for a in manifest.actions],
    }


def _map(one: MapPicture) -> dict[str, str] | None:
    text = map_text(one.png)
    if not text:
        return None
    named: dict[str, str] = plain_tree({"detector": one.detector, "name": one.name, "caption": one.caption})
    return named | {"png": text}
