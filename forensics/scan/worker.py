"""The work on one file, the same in every engine: bytes, audit, row."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Self

from forensics.audit_report import AuditReport
from forensics.auditor import Auditor
from forensics.detectors.base import Detector
from forensics.errors import ForensicsError, NotAFile
from forensics.evidence import Verdict
from forensics.media import Limits
from forensics.media.source import open_plain
from forensics.provenance import TrustPolicy
from forensics.provenance.report import CredentialState
from forensics.runtime.store import bundled, names
from forensics.scan.detail import Detail
from forensics.scan.hashlists import HashList, HashLists
from forensics.scan.items import Item
from forensics.scan.looking import Look, maps_of
from forensics.scan.profiles import profile_named, stages_of
from forensics.scan.reading import Content, Reader
from forensics.scan.row import ScanRow, State
from forensics.scan.rows import failed_row, report_row
from forensics.scan.settings import WorkSettings

__all__ = ["Outcome", "Worker", "models_digest", "stages_for"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes:
        row: Its row.
        preview: A small JPEG, None where none was made.
        detail: A packed `Detail`, None where none is kept.
    """

    row: ScanRow
    preview: bytes | None = None
    detail: bytes | None = None


class Worker:
    """Works on files one after the other, in one process; models and open archives are kept between them.

    Args:
        settings: How to look at files.

    Raises:
        ForensicsError: The settings name something that cannot be used, such as a damaged calibration.
    """

    def __init__(self, settings: WorkSettings) -> None:
        self.settings = settings
        self._auditor = Auditor(
            trust=TrustPolicy.resolve(Path(settings.trust) if settings.trust else None),
            stages=stages_for(settings),
            prior=settings.prior,
            limits=Limits(pixels=settings.max_pixels),
            workers=1,  # processes are the parallel part
            store=settings.store or None,
            calibration=settings.calibration or None,
            pixel_digest=False,
        )
        self._reader = Reader()
        self._lists = HashLists(HashList.load(Path(path)) for path in settings.hash_lists)
        self._models = models_digest()
        self._hooks: list[ModuleType] = [import_module(name) for name in settings.hooks]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of archives and the manifest store."""
        self._reader.close()
        self._auditor.close()

    def work(self, item: Item, following: Item | None = None) -> Outcome:
        """Return what comes of one file; nothing that is in it, or on the way to it, makes this raise.

        Args:
            item: The file.
            following: The next one, which is fetched meanwhile.
        """
        for hook in self._hooks:
            hook.before(item)
        try:
            content = self._reader.open(item)
            if following is not None:
                self._reader.expect(following)
        except ForensicsError as error:
            reason = getattr(error, "reason", "") or error.code
            return Outcome(self._failed(item, reason, str(error)))
        except MemoryError:
            return Outcome(self._failed(item, "limit", "out of memory"))
        return self._audited(item, content)

    def _audited(self, item: Item, content: Content) -> Outcome:
        look = Look(with_preview=self.settings.previews)
        if content.data is None:
            report = self._auditor.audit(content.path or item.name, look=look)
        else:
            report = self._auditor.audit_bytes(content.data, content.name, look=look)
        report = report.model_copy(update={"path": item.id})
        row = report_row(
            item,
            report,
            look,
            profile=self.settings.profile,
            md5=look.md5 or _md5(content),
            models=self._models,
        )
        found = self._lists.match(sha256=row.sha256, md5=row.md5, pdq=row.pdq, pdq_quality=row.pdq_quality)
        row = row.model_copy(update={"matches": found}) if found else row
        detail = Detail(report, maps_of(report.evidence)).packed() if self._kept(report) else None
        return Outcome(row, look.preview, detail)

    def _failed(self, item: Item, reason: str, message: str) -> ScanRow:
        return failed_row(item, State.UNREADABLE, reason, message, profile=self.settings.profile)

    def _kept(self, report: AuditReport) -> bool:
        if self.settings.details != "findings":
            return self.settings.details == "all"
        told = report.verdict not in (Verdict.INCONCLUSIVE, Verdict.UNREADABLE)
        return told or bool(report.contradictions) or report.credentials.state is not CredentialState.NONE


def stages_for(settings: WorkSettings) -> tuple[tuple[Detector, ...], ...]:
    """Return the detectors that settings ask for, ready to run, in their stages.

    Raises:
        ForensicsError: There is no detector of a name, or one of the user's own cannot be opened.
    """
    return stages_of(profile_named(settings.profile), settings.only, settings.skip, _own(settings.own))


def _own(paths: tuple[str, ...]) -> tuple[Detector, ...]:
    if not paths:
        return ()
    from forensics.detectors.own.opening import open_detectors  # ONNX Runtime with it

    return open_detectors(map(Path, paths))


def models_digest() -> str:
    """Return a digest over the cards of all weights that come with the suite."""
    cards = [[name, bundled(name).card["files"]] for name in names()]
    return hashlib.sha256(json.dumps(cards, sort_keys=True).encode()).hexdigest()[:16]


def _md5(content: Content) -> str:
    """Return the MD5 of a file, by which lists of hashes still name files; "" where it cannot be read."""
    digest = hashlib.md5(usedforsecurity=False)
    if content.data is not None:
        digest.update(content.data)
        return digest.hexdigest()
    try:
        with open_plain(content.path or Path()) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except NotAFile:
        return ""
    return digest.hexdigest()
