"""From the report of an audit to the row of a scan."""

from __future__ import annotations

from forensics.audit_report import AuditReport
from forensics.evidence import Evidence, Status, Verdict
from forensics.files import encodable
from forensics.fingerprints import Fingerprint
from forensics.provenance.report import CredentialReport
from forensics.scan.items import Item
from forensics.scan.looking import Look
from forensics.scan.row import DetectorRow, ScanRow, State, StepTime

__all__ = ["failed_row", "report_row"]

_LONGEST = 500
_WATERMARK = "watermark"


def failed_row(item: Item, state: State, reason: str, message: str, *, profile: str = "") -> ScanRow:
    """Return the row of a file that was not audited.

    Args:
        item: The file.
        state: What became of it.
        reason: Machine-readable reason.
        message: The reason in one sentence.
        profile: Of the scan.
    """
    return ScanRow(
        id=item.id,
        source=item.source,
        state=state,
        reason=reason,
        message=encodable(message)[:_LONGEST],
        bytes=max(item.size, 0),
        modified=item.modified,
        verdict=Verdict.UNREADABLE.value if state is State.UNREADABLE else "",
        profile=profile,
    )


def report_row(
    item: Item, report: AuditReport, look: Look, *, profile: str, md5: str, models: str
) -> ScanRow:
    """Return the row of an audited file.

    Args:
        item: The file.
        report: What the audit found.
        look: What was taken from it while it was open.
        profile: Of the scan.
        md5: Of the file, in hex.
        models: Digest of the weights that may have been used.
    """
    unreadable = report.verdict is Verdict.UNREADABLE
    first = report.errors[0] if report.errors else None
    credentials, media = report.credentials, report.media
    llr = {opinion.question.value: opinion.llr for opinion in report.opinions}
    active = next((m for m in credentials.manifests if m.active), None)
    row = ScanRow(
        id=item.id,
        source=item.source,
        state=State.UNREADABLE if unreadable else State.OK,
        reason=first.code if unreadable and first else "",
        message=first.message[:_LONGEST] if unreadable and first else "",
        bytes=media.bytes or max(item.size, 0),
        modified=item.modified,
        sha256=report.sha256,
        md5=md5,
        format="" if media.format == "unknown" else media.format,
        kind=media.kind,
        width=media.width,
        height=media.height,
        duration=media.seconds,
        name_matches=media.name_matches,
        verdict=report.verdict.value,
        rule=report.rule,
        because=report.because,
        llr_synthetic=llr.get("synthetic", 0.0),
        llr_altered=llr.get("altered", 0.0),
        credential_state=credentials.state.value,
        credential_chain=credentials.chain.value,
        credential_codes=credentials.failures,
        signer=_signer(credentials)[0],
        issuer=_signer(credentials)[1],
        trust_list=credentials.trust_list,
        generator=active.generator[:_LONGEST] if active else "",
        ai_signal=credentials.ai_signal.kind.value,
        contradictions=tuple(c.name for c in report.contradictions),
        profile=profile,
        stage=report.stage,
        detectors=tuple(_detector(e) for e in report.evidence if e.detector != "credentials"),
        problems=tuple(f"{p.where}: {p.code}" for p in report.errors),
        models=models,
        seconds=round(sum(t.seconds for t in report.timings), 4),
        timings=tuple(StepTime(step=t.step, seconds=t.seconds) for t in report.timings),
    )
    return row.model_copy(update={**_codes(look.fingerprints), **_mark(report.evidence)})


def _signer(credentials: CredentialReport) -> tuple[str, str]:
    signer = credentials.signer
    return (signer.subject[:_LONGEST], signer.issuer[:_LONGEST]) if signer else ("", "")


def _detector(evidence: Evidence) -> DetectorRow:
    return DetectorRow(
        detector=evidence.detector,
        version=evidence.version,
        code=evidence.code,
        question=evidence.question.value,
        status=evidence.status.value,
        llr=evidence.llr,
        p_value=evidence.p_value,
    )


def _codes(found: dict[str, Fingerprint]) -> dict[str, object]:
    said: dict[str, object] = {}
    for kind, code in found.items():
        said |= {kind: code.hex, f"{kind}_quality": round(code.quality, 3)}
    return said


def _mark(evidence: tuple[Evidence, ...]) -> dict[str, object]:
    """Return the columns of the watermark; those of a mark that was not found are but its code."""
    mark = next((e for e in evidence if e.detector == _WATERMARK), None)
    if mark is None or mark.status is Status.NOT_APPLICABLE:
        return {}
    said = {m.name: m.value for m in mark.measurements}
    return {
        "watermark": mark.code,
        "watermark_key": str(said.get("key", "")),
        "watermark_payload": str(said.get("payload", "")),
        "watermark_p": mark.p_value,
    }
