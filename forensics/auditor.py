"""The auditor: one file in, one explained verdict out.

This module is not called `audit`, because `forensics.audit(path)` is the public function and a submodule
of that name would take its place in the package.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from forensics.asking import asked
from forensics.audit_report import AuditReport, MediaSummary, described
from forensics.detectors.base import DETECTORS, Detector
from forensics.detectors.choosing import choose
from forensics.detectors.watermark import Watermark
from forensics.errors import UsageError
from forensics.evidence import Evidence, Grade, Question, Verdict
from forensics.files import encodable
from forensics.fusion.credentials import CONTENT_CHANGED, credential_evidence
from forensics.fusion.facts import MARK_COPIED, MARK_ELSEWHERE, gather, passes
from forensics.fusion.judging import opinions_decide, ruled, steady
from forensics.fusion.opinions import THRESHOLD, FusedOpinion, fuse
from forensics.fusion.own import OwnCalibration
from forensics.fusion.reasons import llr_of, reasons_of
from forensics.fusion.stability import Retest, stability_evidence
from forensics.media import Limits, Media
from forensics.provenance import TrustPolicy
from forensics.provenance.report import CredentialReport, CredentialState
from forensics.subject import Run, Subject
from forensics.transplant import compare_with_thumbnail

if TYPE_CHECKING:
    from forensics.provenance.store import ManifestStore
    from forensics.recovery.bearing import Bearing
    from forensics.recovery.registered import Registered

__all__ = ["SETTLED", "Auditor", "audit"]

SETTLED = frozenset({Verdict.SYNTHETIC, Verdict.ALTERED, Verdict.CAPTURED, Verdict.CONTRADICTORY})
"""Verdicts that rest on proof or on a decisive contradiction: no opinion of a detector changes them."""


class Auditor:
    """Audits files, one after the other, with the same settings. Safe to use from several threads.

    Args:
        trust: Trust policy; the user's own if None (see `TrustPolicy.resolve`).
        only: Names of the detectors to run; all if None.
        skip: Names of detectors to leave out.
        prior: Prior probability that a file is synthetic (or altered), inside (0, 1). It moves opinions
            only, never proof.
        threshold: log10 posterior odds from which fused opinions lead to `likely_*`.
        limits: What reading one file may cost.
        workers: Detectors that run side by side on one file.
        store: A manifest store, or where it is: files are looked for in it, and those that are copies of
            registered ones are judged by what their manifests say. Without one nothing is looked for.
        calibration: Weights from pictures of the user's own, or the folder that `forensics calibrate` wrote;
            those that ship if None.
        stability: Whether a picture that detectors alone would judge is delivered again first, and judged
            only if they say the same.
        own: Detectors beside those that are registered, such as `forensics.detectors.own` opens.
        stages: Detectors in the order in which they are asked, in place of `only`, `skip` and `own`: those of
            a stage only where the verdict after the stage before is none of `SETTLED`. What a detector says
            replaces what one of its name said in an earlier stage.
        pixel_digest: Whether the report has the SHA-256 of the pixels, which costs as much as a fifth of
            decoding them.

    Raises:
        UsageError: A detector of that name does not exist, a number is out of range, the calibration is
            none or of other versions, or stages are given beside other choices of detectors.
        TrustPolicyError: The user's trust policy is wrong.
    """

    def __init__(  # noqa: PLR0913 - each of them is a decision of the caller
        self,
        *,
        trust: TrustPolicy | None = None,
        only: Iterable[str] | None = None,
        skip: Iterable[str] = (),
        prior: float = 0.5,
        threshold: float = THRESHOLD,
        limits: Limits | None = None,
        workers: int = 2,
        store: ManifestStore | str | os.PathLike[str] | None = None,
        calibration: OwnCalibration | str | os.PathLike[str] | None = None,
        stability: bool = True,
        own: Iterable[Detector] = (),
        stages: Sequence[Sequence[Detector]] = (),
        pixel_digest: bool = True,
    ) -> None:
        _check_numbers(prior, threshold, workers)
        self.trust = TrustPolicy.resolve(None) if trust is None else trust
        self.stages = _stages(stages, only, skip, tuple(own))
        self.detectors = tuple({d.info.name: d for stage in self.stages for d in stage}.values())
        self.prior = prior
        self.threshold = threshold
        self.limits = limits or Limits()
        self.workers = workers
        self.stability = stability
        self.pixel_digest = pixel_digest
        self.calibration = _own(calibration, self.detectors)
        self._registered = None if store is None else _registered(store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the manifest store, if one was opened; only an auditor with a store needs that."""
        if self._registered is not None:
            self._registered.close()

    def audit(
        self, path: str | os.PathLike[str], *, look: Callable[[Media], object] | None = None
    ) -> AuditReport:
        """Audit one file.

        Never raises for what is in the file: whatever cannot be read is said in the report.

        Args:
            path: The file.
            look: Called once with the file if it could be decoded, to make a preview, say, without decoding
                it again. If it fails, the report says so.

        Raises:
            UsageError: The path is none: neither text, bytes nor a path object.
        """
        return self._audit(Subject.of_path(path), look)

    def audit_bytes(
        self, data: bytes, name: str = "", *, look: Callable[[Media], object] | None = None
    ) -> AuditReport:
        """Audit a file that is in memory, as `audit` does; there is no sidecar then.

        Args:
            data: The whole file.
            name: Its name, which is shown and compared with the content.
            look: As for `audit`.
        """
        return self._audit(Subject(Path(name), data), look)

    def _audit(self, subject: Subject, look: Callable[[Media], object] | None) -> AuditReport:
        run = Run(subject)
        media = run.step("open", lambda: subject.opened(self.limits))
        credentials = run.step("credentials", lambda: subject.credentials(self.trust, media))
        readable = media is not None and run.step("decode", lambda: media.pixels) is not None
        evidence = [credential_evidence(credentials)] if credentials else []
        if media is not None and readable and evidence and evidence[0].code == CONTENT_CHANGED:
            told = run.step("thumbnail", lambda: compare_with_thumbnail(media))
            evidence += [told] if told else []
        if media is not None:
            evidence = self._examine(run, media, evidence, credentials or _no_credentials(), readable)
            if self._registered is not None and readable:
                evidence = self._recover(run, self._registered, media, evidence)
        if look is not None and media is not None and readable:
            run.step("look", lambda: look(media))
        return self._conclude(run, media, credentials or _no_credentials(), tuple(evidence), readable)

    def _fused(self, evidence: Iterable[Evidence], question: Question) -> FusedOpinion:
        learned = self.calibration.dependence(question) if self.calibration else None
        return fuse(evidence, question, prior=self.prior, dependence=learned)

    def audit_many(self, paths: Iterable[str | os.PathLike[str]]) -> Iterator[AuditReport]:
        """Audit files one by one, in order; every path yields exactly one report."""
        for path in paths:
            yield self.audit(path)

    def _examine(
        self, run: Run, media: Media, known: list[Evidence], credentials: CredentialReport, readable: bool
    ) -> list[Evidence]:
        """Ask the detectors, stage by stage, until the verdict is settled."""
        said: dict[str, list[Evidence]] = {}
        for number, stage in enumerate(self.stages):
            if number and self._settled(credentials, [*known, *_flat(said)], readable):
                break
            run.stage = number + 1
            told = self._weighed(run, media, asked(run, media, stage, readable, self.workers))
            said |= {name: [e for e in told if e.detector == name] for name in (e.detector for e in told)}
        return [*known, *_flat(said)]

    def _settled(self, credentials: CredentialReport, evidence: Sequence[Evidence], readable: bool) -> bool:
        facts = gather(credentials, evidence, (), readable=readable, threshold=self.threshold)
        return ruled(facts, [c for e in evidence for c in e.claims]).rule.verdict in SETTLED

    def _weighed(self, run: Run, media: Media, evidence: list[Evidence]) -> list[Evidence]:
        """Return evidence with the weights of the user's own calibration, if there is one."""
        own = self.calibration
        if own is None:
            return evidence
        return run.step("calibration", lambda: own.applied(evidence, media)) or evidence

    def _delivered_again(
        self, run: Run, media: Media, evidence: tuple[Evidence, ...], opinions: Iterable[FusedOpinion]
    ) -> dict[Question, Evidence]:
        """Return, for each question on which an opinion counts, whether it does when delivered again."""
        own = self.calibration
        retest = Retest(
            detectors=self.detectors,
            weighed=own.applied if own else lambda found, _: found,
            fused=self._fused,
            still=lambda opinion: passes(opinion, self.threshold / 2),
        )
        asked = [o.question for o in opinions if passes(o, self.threshold)]
        told = {
            q: run.step("stability", partial(stability_evidence, media, evidence, q, retest)) for q in asked
        }
        return {q: e for q, e in told.items() if e is not None}

    def _recover(
        self, run: Run, registered: Registered, media: Media, evidence: list[Evidence]
    ) -> list[Evidence]:
        """Add what the store knows of the file, and what that means for the mark that it carries."""
        looker = next((d for d in self.detectors if isinstance(d, Watermark)), None)
        mark = looker.seen(media) if looker else None
        keys = looker.keys if looker and mark is not None else ()
        told = run.step("store", lambda: registered.told(media, mark, keys, self.trust))
        if told is None:
            return evidence
        if told.evidence.code in (MARK_COPIED, MARK_ELSEWHERE):
            evidence = [_disclaimed(e) if e.detector == Watermark.info.name else e for e in evidence]
        elif looker is not None and told.bearing is not None:
            evidence = [_at_home(e, looker, told.bearing) for e in evidence]
        return [*evidence, told.evidence]

    def _conclude(
        self,
        run: Run,
        media: Media | None,
        credentials: CredentialReport,
        evidence: tuple[Evidence, ...],
        readable: bool,
    ) -> AuditReport:
        opinions = tuple(self._fused(evidence, q) for q in (Question.SYNTHETIC, Question.ALTERED))
        facts = gather(credentials, evidence, opinions, readable=readable, threshold=self.threshold)
        claims = [c for e in evidence for c in e.claims]
        if self.stability and media is not None and opinions_decide(facts, claims):
            told = self._delivered_again(run, media, evidence, opinions)
            facts, evidence = steady(facts, told), (*evidence, *told.values())
        ruling = ruled(facts, claims)
        rule, contradictions = ruling.rule, ruling.contradictions
        return AuditReport(
            path=encodable(str(run.subject.path)),
            sha256=run.step("hash", lambda: media.sha256 if media else run.subject.sha256()) or "",
            media=_summarise(run, media, readable, digest=self.pixel_digest),
            verdict=rule.verdict,
            rule=rule.name,
            because=rule.because,
            reasons=run.failures()
            if rule.verdict is Verdict.UNREADABLE
            else reasons_of(rule, evidence, contradictions),
            llr=llr_of(rule.verdict, opinions),
            opinions=opinions,
            threshold=self.threshold,
            evidence=evidence,
            credentials=credentials,
            contradictions=contradictions,
            errors=tuple(sorted(run.problems, key=lambda p: p.where if p.where in DETECTORS else "")),
            timings=tuple(run.timings),
            stage=run.stage,
        )


def audit(path: str | os.PathLike[str], *, trust: TrustPolicy | None = None) -> AuditReport:
    """Audit one file with the usual settings.

    Args:
        path: The file.
        trust: Trust policy; the user's own if None.

    Returns:
        The report; `report.verdict` and `report.reasons` are its head.
    """
    return Auditor(trust=trust).audit(path)


def _check_numbers(prior: float, threshold: float, workers: int) -> None:
    if not 0 < prior < 1:
        raise UsageError(f"the prior must lie between 0 and 1, not {prior}", expected="(0, 1)", actual=prior)
    if not math.isfinite(threshold):
        raise UsageError(
            f"the threshold must be a finite number, not {threshold}", expected="finite", actual=threshold
        )
    if workers < 1:
        raise UsageError(f"at least one worker is needed, not {workers}", expected=">= 1", actual=workers)


def _stages(
    given: Sequence[Sequence[Detector]],
    only: Iterable[str] | None,
    skip: Iterable[str],
    own: tuple[Detector, ...],
) -> tuple[tuple[Detector, ...], ...]:
    if not given:
        return (choose(only, skip, own),)
    if only is not None or tuple(skip) or own:
        raise UsageError("stages name all detectors: leave out only, skip and own")
    return tuple(tuple(stage) for stage in given)


def _registered(store: ManifestStore | str | os.PathLike[str]) -> Registered:
    from forensics.recovery.registered import Registered  # SQLAlchemy with it

    return Registered(store)


def _own(
    given: OwnCalibration | str | os.PathLike[str] | None, detectors: Iterable[Detector]
) -> OwnCalibration | None:
    if given is None:
        return None
    own = given if isinstance(given, OwnCalibration) else OwnCalibration.load(Subject.of_path(given).path)
    own.check(detectors)
    return own


def _no_credentials() -> CredentialReport:
    return CredentialReport(state=CredentialState.NONE, message="The file could not be read.")


def _flat(said: dict[str, list[Evidence]]) -> list[Evidence]:
    return [e for found in said.values() for e in found]


def _disclaimed(mark: Evidence) -> Evidence:
    """Return the evidence of a mark without what it claims about the picture."""
    return mark.model_copy(update={"claims": (), "question": Question.HISTORY, "grade": Grade.CLAIM})


def _at_home(evidence: Evidence, looker: Watermark, found: Bearing) -> Evidence:
    """Return the evidence of a mark as proof, as the store shows that it belongs to this picture."""
    if evidence.detector != Watermark.info.name:
        return evidence
    return looker.at_home(
        evidence,
        key=found.key,
        identity=found.identity,
        log10_p=found.log10_p,
        entry=found.number,
        read=found.read,
    )


def _summarise(run: Run, media: Media | None, readable: bool, *, digest: bool) -> MediaSummary:
    if media is None:
        return MediaSummary(format="unknown", bytes=run.subject.size())
    base = MediaSummary(
        format=media.container.format,
        mime=media.container.mime,
        kind=media.container.kind.value,
        bytes=media.size,
        name_matches=media.extension_matches,
    )
    if not readable:
        return base
    return run.step("summary", lambda: described(media, base, digest=digest)) or base
