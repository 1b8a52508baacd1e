"""Reading and verifying the Content Credentials of a file."""

from __future__ import annotations

import io
import os
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

from forensics.errors import VerificationFailed
from forensics.files import encodable
from forensics.provenance import chain
from forensics.provenance._manifests import describe
from forensics.provenance._sdk import Outcome, StoreReading, read_store, read_thumbnail
from forensics.provenance._statuses import Entry, Statuses
from forensics.provenance._trusting import Judgement, Trusting, judge
from forensics.provenance.ai_signal import combine, statements
from forensics.provenance.certificates import find_issuer
from forensics.provenance.formats import content_type, open_file, stream_type
from forensics.provenance.report import (
    HARD_BINDING_MATCHES,
    AiSignal,
    Chain,
    CredentialReport,
    CredentialState,
    ManifestReport,
    StatusCode,
)
from forensics.provenance.trust import ListKind, TrustPolicy

__all__ = ["MAX_SIDECAR_BYTES", "claim_thumbnail", "read", "read_bytes", "verify"]

MAX_SIDECAR_BYTES = 64 << 20

PathLike = str | os.PathLike[str]

_SENTENCES = {
    CredentialState.INVALID: "The credentials do not fit the file: {failures}.",
    CredentialState.VALID_UNTRUSTED: "The credentials are intact, but nobody vouches for {signer}.",
    CredentialState.TRUSTED: "The credentials are intact and signed by {signer}, vouched for by {list}.",
}


def read(
    path: PathLike,
    policy: TrustPolicy | None = None,
    *,
    sidecar: PathLike | None = None,
    data: bytes = b"",
) -> CredentialReport:
    """Read and verify the Content Credentials of a file.

    No connection is opened unless the policy allows it. Nothing in the file makes this raise: what cannot
    be read has the state `malformed`, or `none` where there is no trace of credentials.

    If the file itself carries no credentials, a manifest store beside it (same name, ending `.c2pa`) is
    used where its hard binding shows that it belongs to the file, and the message says so. Where the
    binding fails, the report is that of the file itself: the store of `a.jpg` also lies beside `a.png`,
    and nothing tells that case from a file that was changed.

    Args:
        path: The file.
        policy: Whom to trust; `TrustPolicy.resolve()` if None.
        sidecar: A manifest store kept apart from the file, used in place of what stands in the file.
        data: The whole file, where it was read already.

    Raises:
        NotAFile: The path or the sidecar is missing, no regular file, or not permitted.
        TrustPolicyError: The user's own policy file is wrong.

    Example:
        >>> read("/nonexistent.jpg")
        Traceback (most recent call last):
        ...
        forensics.errors.NotAFile: /nonexistent.jpg: cannot read this path: No such file or directory
    """
    policy = TrustPolicy.resolve() if policy is None else policy
    source = Path(path)
    with io.BytesIO(data) if data else open_file(source) as stream:
        mime = stream_type(stream, source.name)
        if sidecar is not None:
            return _with_sidecar(stream, mime, policy, Path(sidecar))
        report = _report(stream, mime, policy)
        beside = source.with_name(f"{source.stem}.c2pa")
        bare = report.state in (CredentialState.NONE, CredentialState.REMOTE_DECLARED)
        if not bare or beside == source or not beside.is_file():
            return report
        found = _with_sidecar(stream, mime, policy, beside)
        return found if _belongs(found) else _beside_a_stranger(report, beside)


def verify(
    path: PathLike,
    policy: TrustPolicy | None = None,
    *,
    sidecar: PathLike | None = None,
    allow_untrusted: bool = False,
) -> CredentialReport:
    """Read the Content Credentials of a file and insist that they hold.

    Args:
        path: The file.
        policy: Whom to trust; `TrustPolicy.resolve()` if None.
        sidecar: A manifest store kept apart from the file.
        allow_untrusted: Be content with a signer that the policy does not know.

    Raises:
        VerificationFailed: There are no credentials, they do not verify, their signer is not trusted, or
            an ingredient does not verify.
        NotAFile: The path or the sidecar is missing, no regular file, or not permitted.
        TrustPolicyError: The user's own policy file is wrong.
    """
    report = read(path, policy, sidecar=sidecar)
    untrusted = allow_untrusted and report.state is CredentialState.VALID_UNTRUSTED
    if not report.proof and not (untrusted and report.chain is not Chain.BROKEN):
        raise VerificationFailed(
            f"{path}: {report.message}", expected=CredentialState.TRUSTED, actual=report.state
        )
    return report


def read_bytes(
    data: bytes, policy: TrustPolicy | None = None, *, sidecar: bytes | None = None
) -> CredentialReport:
    """Read and verify the Content Credentials of a file in memory, as `read` does.

    Args:
        data: The whole file.
        policy: Whom to trust; `TrustPolicy.resolve()` if None.
        sidecar: A manifest store kept apart from the file, used in place of what stands in the file.

    Raises:
        TrustPolicyError: The user's own policy file is wrong.
    """
    policy = TrustPolicy.resolve() if policy is None else policy
    return _report(io.BytesIO(data), content_type(data), policy, sidecar)


def claim_thumbnail(source: PathLike | bytes) -> bytes:
    """Return the small picture of the content that the signer put into the active manifest.

    Args:
        source: The file, or all its bytes.

    Returns:
        An encoded picture as it stands in the manifest, hostile like everything in a file; b"" for none.

    Raises:
        NotAFile: The path is missing, no regular file, or not permitted.
    """
    if isinstance(source, bytes):
        return read_thumbnail(io.BytesIO(source), content_type(source))
    with open_file(Path(source)) as stream:
        return read_thumbnail(stream, stream_type(stream, Path(source).name))


def _with_sidecar(stream: BinaryIO, mime: str | None, policy: TrustPolicy, path: Path) -> CredentialReport:
    with open_file(path) as handle:
        store = handle.read(MAX_SIDECAR_BYTES + 1)
    name = encodable(path.name)
    if len(store) > MAX_SIDECAR_BYTES:
        limit = f"larger than {MAX_SIDECAR_BYTES >> 20} MiB"
        message = f"The manifest store {name} is {limit}."
        return CredentialReport(state=CredentialState.MALFORMED, sidecar=name, message=message)
    report = _report(stream, mime, policy, store)
    message = f"{report.message} They were read from {name}."
    return report.model_copy(update={"message": message, "sidecar": name})


def _belongs(report: CredentialReport) -> bool:
    """Whether nothing in a manifest store that was found by its name says that it is another file's.

    An invalid one has to show that its hard binding holds; one that cannot be read says nothing either way.
    """
    if report.state is not CredentialState.INVALID:
        return True
    active = report.manifests[0].label if report.manifests else ""
    own = {c.code for c in report.codes if c.manifest in ("", active)}
    return bool(own & HARD_BINDING_MATCHES)


def _beside_a_stranger(report: CredentialReport, sidecar: Path) -> CredentialReport:
    name = encodable(sidecar.name)
    note = (
        f"{name} lies beside it and does not fit: it belongs to another file of that name, or this file was "
        "changed since; which cannot be told."
    )
    return report.model_copy(update={"message": f"{report.message} {note}", "sidecar": name})


def _report(
    stream: BinaryIO, mime: str | None, policy: TrustPolicy, store: bytes | None = None
) -> CredentialReport:
    reading = _reading(stream, mime, policy, store)
    if reading.outcome is not Outcome.FOUND:
        return _nothing(reading)
    statuses = Statuses(reading.document)
    walk = chain.walk(reading.document, statuses)

    @cache
    def again(kind: ListKind) -> Statuses:
        return Statuses(_reading(stream, mime, _only(policy, kind), store).document)

    trusting = Trusting(policy, statuses, again)
    judgement = judge(reading, trusting)
    state_of_chain = chain.judge(walk, statuses)
    issuer = cache(partial(find_issuer, reading.store))
    manifests = tuple(
        describe(node, trusting, issuer, active=not index) for index, node in enumerate(walk.nodes)
    )
    active = manifests[0] if manifests else None
    fetched = not reading.embedded and store is None and bool(reading.remote_url)
    message = _message(judgement, state_of_chain, statuses, active)
    return CredentialReport(
        state=judgement.state,
        chain=state_of_chain,
        trust_list=judgement.trust_list,
        embedded=reading.embedded,
        remote_url=reading.remote_url,
        codes=(*(_code(entry) for entry in statuses.every), *judgement.note),
        signer=active.signer if active else None,
        signed_time=active.signed_time if active else None,
        ai_signal=_ai_signal(walk, manifests, state_of_chain, judgement.state),
        manifests=manifests,
        message=f"{message} They were fetched from {reading.remote_url}." if fetched else message,
    )


def _reading(stream: BinaryIO, mime: str | None, policy: TrustPolicy, store: bytes | None) -> StoreReading:
    stream.seek(0)
    return read_store(stream, mime, policy, store)


def _nothing(reading: StoreReading) -> CredentialReport:
    if reading.outcome is Outcome.REMOTE:
        return CredentialReport(
            state=CredentialState.REMOTE_DECLARED,
            remote_url=reading.remote_url,
            message="The file names an address for its credentials; nothing was read from there.",
        )
    if reading.outcome is Outcome.MALFORMED:
        message = f"There are credentials, but they cannot be read: {reading.detail}"
        return CredentialReport(state=CredentialState.MALFORMED, message=message)
    if reading.outcome is Outcome.UNSUPPORTED:
        message = "No credentials were found; they cannot be looked for in such a file."
        return CredentialReport(state=CredentialState.NONE, message=message)
    return CredentialReport(state=CredentialState.NONE, message="The file carries no credentials.")


def _only(policy: TrustPolicy, kind: ListKind) -> TrustPolicy:
    lists = tuple(entry for entry in policy.of_kind(kind) if entry.trusted)
    return policy.model_copy(update={"lists": lists})


def _ai_signal(
    walk: chain.Walk, manifests: tuple[ManifestReport, ...], whole: Chain, state: CredentialState
) -> AiSignal:
    sound = whole is not Chain.BROKEN and state is not CredentialState.INVALID
    return combine(
        tuple(
            statement
            for node, manifest in zip(walk.nodes, manifests, strict=True)
            for statement in statements(node, trusted=sound and manifest.trusted and manifest.intact)
        )
    )


def _code(entry: Entry) -> StatusCode:
    explanation = f"recorded by a signer: {entry.explanation}" if entry.recorded else entry.explanation
    return StatusCode(
        code=entry.code, manifest=entry.manifest, failure=entry.failure, explanation=explanation
    )


def _message(judgement: Judgement, whole: Chain, statuses: Statuses, active: ManifestReport | None) -> str:
    failures = dict.fromkeys(e.code for e in statuses.current if e.damning)
    signer = active.signer.subject if active and active.signer else "its signer"
    text = _SENTENCES[judgement.state].format(
        failures=", ".join(failures) or "they do not verify", signer=signer, list=repr(judgement.trust_list)
    )
    return f"{text} Something it was made from does not verify." if whole is Chain.BROKEN else text
