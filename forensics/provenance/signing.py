"""Signing: one call that writes a file with credentials, or leaves everything as it was.

The signed file is written beside its place, read back and verified from the disk, and only then moved
there in one step. The source is never opened for writing.
"""

from __future__ import annotations

import contextlib
import filecmp
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import field_serializer

from forensics.errors import (
    ForensicsError,
    SigningError,
    TimestampError,
    UsageError,
    VerificationFailed,
)
from forensics.evidence import Model
from forensics.files import encodable
from forensics.provenance._sdk_sign import Credential, IngredientStream, Job, embed
from forensics.provenance.formats import check_whole, media_type
from forensics.provenance.manifest_json import created_labels, definition
from forensics.provenance.manifests import Manifest
from forensics.provenance.report import Chain, CredentialReport, CredentialState
from forensics.provenance.sign_request import (
    IngredientFile,
    PathLike,
    Request,
    check_nothing_lost,
    check_places,
    real_path,
    settle_ingredients,
)
from forensics.provenance.signers import Signer
from forensics.provenance.trust import TrustPolicy

__all__ = ["IngredientFile", "SignResult", "TimestampPolicy", "sign"]

GOOD = (CredentialState.VALID_UNTRUSTED, CredentialState.TRUSTED)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TimestampPolicy:
    """Whether and where to get a time stamp (RFC 3161). Signing uses the network for nothing else.

    Attributes:
        url: Address of the time-stamping authority, http or https.
        required: Fail when it gives no time stamp; otherwise sign without one, and say so.

    Raises:
        UsageError: The address is not an http or https one.
    """

    url: str
    required: bool = True

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")) or not self.url.isprintable() or " " in self.url:
            raise UsageError(f"a time-stamping authority has an http or https address, not {self.url!r}")


class SignResult(Model):
    """What was written, as it read back from the disk."""

    path: Path
    sidecar: Path | None = None
    manifest_bytes: int
    state: CredentialState
    chain: Chain
    timestamped: bool
    timestamp_problem: str = ""
    seconds: float

    @field_serializer("path", "sidecar", when_used="json-unless-none")
    def _written(self, path: Path) -> str:
        return encodable(str(path))  # JSON holds no bytes that are not UTF-8


@dataclass(frozen=True)
class _Signed:
    """A manifest, and what became of the time stamp."""

    manifest: bytes
    timestamp_problem: str = ""


def sign(  # noqa: PLR0913 - each of them is a decision of the caller
    source: PathLike,
    destination: PathLike,
    manifest: Manifest,
    signer: Signer,
    *,
    sidecar: bool = False,
    remote_url: str | None = None,
    ingredients: Sequence[IngredientFile | PathLike] = (),
    parent: PathLike | None = None,
    policy: TrustPolicy | None = None,
    timestamp: TimestampPolicy | None = None,
    overwrite: bool = False,
    in_place: bool = False,
    discard_credentials: bool = False,
) -> SignResult:
    """Sign a file: write it with a manifest, verified, or change nothing.

    Args:
        source: The file to be signed; its type is read from its content.
        destination: Where the signed file goes.
        manifest: What is claimed.
        signer: Who claims it.
        sidecar: Write the manifest beside the file (`name.c2pa`) and leave the file as it is. Source and
            destination may then be the same.
        remote_url: Address where the manifest will be found, written into the file. With `sidecar` the
            file carries the address only.
        ingredients: Files that went into it; a path alone is a visible component.
        parent: The file before the change, for manifests that open one. By default the source.
        policy: Whom to trust when reading back, and the key purposes that are allowed;
            `TrustPolicy.resolve()` if None.
        timestamp: Ask this authority for a time stamp; nobody is asked if None.
        overwrite: Replace an existing destination.
        in_place: Allow source and destination to be the same file.
        discard_credentials: Drop the credentials of a source that is not its own parent, instead of
            refusing to.

    Raises:
        UsageError: The destination exists, or is the source or an ingredient; or a sidecar is wanted for a
            file that the SDK would change all the same (MP3, FLAC, or one with old credentials in it).
        MediaError: Source or ingredient cannot be read, is damaged, or cannot carry credentials.
        CertificateError: Validators would refuse the certificate, or it does not fit the key.
        ManifestError: The manifest does not fit the ingredients, or the SDK refuses it.
        TimestampError: The authority gave no time stamp and the policy demands one.
        VerificationFailed: What was written does not verify.
        SigningError: Anything else, such as a full disk or a failing callback.
    """
    started = time.perf_counter()
    settled = TrustPolicy.resolve() if policy is None else policy
    request = Request(
        source=Path(source),
        destination=real_path(Path(destination)),
        mime=media_type(source),
        manifest=manifest,
        policy=settled,
        detached=sidecar,
        remote_url=remote_url,
    )
    request = replace(request, ingredients=settle_ingredients(request, parent, ingredients))
    check_places(request, overwrite=overwrite, in_place=in_place)
    check_whole(request.source, request.mime)
    for entry in request.ingredients:
        check_whole(entry.path, entry.mime)
    if not discard_credentials:
        check_nothing_lost(request)
    credential = signer.credential(settled)

    with _temporary(request.destination) as file, _temporary(request.sidecar) as detached:
        signed = _write(request, file, detached, credential, timestamp)
        report = _verified(request, file, detached)
        stamped = _stamped(report)
        problem = signed.timestamp_problem
        if timestamp is not None and not stamped and not problem:
            problem = "the time stamp does not verify"
            _complain(timestamp, problem)
        _publish(request, file, detached)
    return SignResult(
        path=request.destination,
        sidecar=request.sidecar,
        manifest_bytes=len(signed.manifest),
        state=report.state,
        chain=report.chain,
        timestamped=stamped,
        timestamp_problem=problem,
        seconds=round(time.perf_counter() - started, 6),
    )


@contextmanager
def _temporary(beside: Path | None) -> Iterator[Path | None]:
    """Make an empty file beside a place, and see to it that it is gone in the end."""
    if beside is None:
        yield None
        return
    path = beside.with_name(f".{beside.stem[:40]}.{secrets.token_hex(6)}{beside.suffix}")
    try:
        with path.open("xb"):
            pass
    except OSError as error:
        raise SigningError(f"cannot write in {beside.parent}: {error.strerror}") from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _write(
    request: Request,
    file: Path | None,
    detached: Path | None,
    credential: Credential,
    timestamp: TimestampPolicy | None,
) -> _Signed:
    """Write the signed file and its sidecar into their temporary places."""
    place = cast("Path", file)
    try:
        with place.open("w+b") as output:
            signed = _with_timestamp(request, output, credential, timestamp)
            _settle(output)
        if detached is not None:
            with detached.open("wb") as output:
                output.write(signed.manifest)
                _settle(output)
        if request.in_place:
            shutil.copymode(request.source, place)
    except OSError as error:
        raise SigningError(f"cannot write the signed file: {error.strerror or error}") from error
    return signed


def _settle(file: BinaryIO) -> None:
    """Put everything on the disk: a name must never point to a file that a power cut can empty."""
    file.flush()
    os.fsync(file.fileno())


def _with_timestamp(
    request: Request, output: BinaryIO, credential: Credential, timestamp: TimestampPolicy | None
) -> _Signed:
    """Sign; should the authority fail, find out whether it was the authority, and follow the policy.

    The SDK has no error of its own for a failing authority. If the same signature works without it, it
    was at fault.
    """
    if timestamp is None:
        return _Signed(_embed(request, output, credential, None))
    try:
        return _Signed(_embed(request, output, credential, timestamp.url))
    except SigningError as error:
        problem = str(error.__cause__ or error)
    manifest = _embed(request, output, credential, None)
    _complain(timestamp, problem)
    return _Signed(manifest, problem)


def _complain(timestamp: TimestampPolicy, problem: str) -> None:
    if timestamp.required:
        raise TimestampError(f"no time stamp from {timestamp.url}: {problem}")
    logger.warning("signed without a time stamp: %s: %s", timestamp.url, problem)


def _embed(request: Request, output: BinaryIO, credential: Credential, url: str | None) -> bytes:
    output.seek(0)
    output.truncate()
    with ExitStack() as stack:
        streams = [
            IngredientStream(
                entry.component, entry.title, entry.mime, stack.enter_context(entry.path.open("rb"))
            )
            for entry in request.ingredients
        ]
        job = Job(
            definition=definition(
                request.manifest, encodable(request.destination.name), tuple(s.component for s in streams)
            ),
            mime=request.mime,
            created=tuple(created_labels(request.manifest)),
            ingredients=tuple(streams),
            detached=request.detached,
            remote_url=request.remote_url,
        )
        source = stack.enter_context(request.source.open("rb"))
        return embed(job, source, output, credential, request.policy, url)


def _verified(request: Request, file: Path | None, detached: Path | None) -> CredentialReport:
    """Read back what stands on the disk.

    Raises:
        VerificationFailed: It does not verify.
        UsageError: The file changed although its manifest stands beside it.
    """
    from forensics.provenance.reading import read

    place = cast("Path", file)
    if not request.changes_file and not filecmp.cmp(request.source, place, shallow=False):
        raise UsageError(
            f"{request.source.name} cannot stay as it is beside a sidecar: the SDK takes old credentials "
            "out, and rewrites the tag of MP3 and FLAC files; sign it without a sidecar",
            actual=request.mime,
        )
    try:
        report = read(place, request.policy, sidecar=detached)
    except ForensicsError as error:
        raise VerificationFailed(f"what was written cannot be read back: {error}") from error
    if report.state not in GOOD:
        codes = ", ".join(dict.fromkeys(c.code for c in report.codes if c.failure))
        raise VerificationFailed(
            f"what was written reads back as {report.state.value}{': ' + codes if codes else ''}",
            expected=" or ".join(GOOD),
            actual=report.state.value,
        )
    if report.chain is Chain.BROKEN:
        logger.warning("%s: an ingredient does not verify, and its history never will", request.source)
    return report


def _stamped(report: CredentialReport) -> bool:
    active = next((m for m in report.manifests if m.active), None)
    return active is not None and active.signed_time is not None


def _publish(request: Request, file: Path | None, detached: Path | None) -> None:
    """Move the verified files to their places; undo the first where the second fails."""
    try:
        if detached is not None and request.sidecar is not None:
            fresh = not request.sidecar.exists()
            os.replace(detached, request.sidecar)
            if request.in_place and not request.changes_file:
                return
            try:
                os.replace(cast("Path", file), request.destination)
            except OSError:
                if fresh:
                    with contextlib.suppress(OSError):
                        request.sidecar.unlink()
                raise
        else:
            os.replace(cast("Path", file), request.destination)
    except OSError as error:
        raise SigningError(f"cannot put the signed file in its place: {error.strerror}") from error
