"""The adapter around the signing side of c2pa-python.

What the SDK gets wrong is mended here and nowhere else: it swallows what a callback raises and what a
disk says, and it names the causes of a refusal in free text.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from forensics.errors import (
    CertificateError,
    CorruptMedia,
    ForensicsError,
    ManifestError,
    SigningError,
    UnsupportedMedia,
    VerificationFailed,
)
from forensics.provenance._sdk import safe_settings
from forensics.provenance.keys import SigningAlgorithm
from forensics.provenance.manifest_json import Component
from forensics.provenance.trust import TrustPolicy

if TYPE_CHECKING:
    import c2pa

__all__ = ["Credential", "IngredientStream", "Job", "embed"]


@dataclass(frozen=True)
class Credential:
    """What signs: a chain, and either a private key or a callback.

    Attributes:
        chain_pem: Leaf first, then the intermediates.
        algorithm: Signature algorithm.
        key_pem: PKCS#8 key in PEM, None with a callback.
        callback: Signs bytes; None with a key.
        accepts: Whether a signature over data fits the leaf: (signature, data).
    """

    chain_pem: bytes
    algorithm: SigningAlgorithm
    key_pem: bytes | None = field(default=None, repr=False)
    callback: Callable[[bytes], bytes] | None = field(default=None, repr=False)
    accepts: Callable[[bytes, bytes], bool] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class IngredientStream:
    """An opened ingredient."""

    component: Component
    title: str
    mime: str
    stream: BinaryIO


@dataclass(frozen=True)
class Job:
    """What is to be written.

    Attributes:
        definition: Manifest definition in JSON.
        mime: Media type of the source.
        created: Labels of the assertions that the signer vouches for.
        ingredients: Opened ingredients.
        detached: Leave the manifest out of the file.
        remote_url: Address of the manifest to write into the file.
    """

    definition: str
    mime: str
    created: tuple[str, ...]
    ingredients: tuple[IngredientStream, ...] = ()
    detached: bool = False
    remote_url: str | None = None


def embed(
    job: Job,
    source: BinaryIO,
    destination: BinaryIO,
    credential: Credential,
    policy: TrustPolicy,
    timestamp_url: str | None = None,
) -> bytes:
    """Sign a stream into another one and return the manifest store.

    What was written is not verified here.

    Args:
        job: What is to be written.
        source: The file, readable and seekable.
        destination: Readable, writable, seekable and another file than the source.
        credential: What signs.
        policy: Key purposes that are allowed.
        timestamp_url: Time-stamping authority to ask. This is a network access that no setting stops.

    Raises:
        CertificateError: The SDK refuses certificate or key.
        ManifestError: It refuses the definition.
        MediaError: It cannot take the source apart.
        SigningError: Anything else; what a callback raised or the disk said is the cause.
        VerificationFailed: The callback gave a signature that does not fit the certificate.
    """
    import c2pa

    watched = _Watched(destination)
    relay = _Relay(credential)
    try:
        with _signer(credential, relay, timestamp_url) as signer:
            builder = c2pa.Builder(job.definition, _context(os.getpid(), policy, job.created))
            with builder:
                _prepare(builder, job)
                manifest: bytes = builder.sign(signer, job.mime, source, watched)
    except c2pa.C2paError as error:
        relay.reraise()
        watched.reraise()
        raise _translated(error) from error
    watched.reraise()
    return manifest


def _prepare(builder: c2pa.Builder, job: Job) -> None:
    import json

    if job.detached:
        builder.set_no_embed()
    if job.remote_url:
        builder.set_remote_url(job.remote_url)
    for entry in job.ingredients:
        record = {
            "title": entry.title,
            "relationship": entry.component.relationship.value,
            "label": entry.component.label,
        }
        builder.add_ingredient(json.dumps(record), entry.mime, entry.stream)


@lru_cache(maxsize=16)
def _context(process: int, policy: TrustPolicy, created: tuple[str, ...]) -> c2pa.Context:
    """Return the context of a process: one that was made before a fork is dead in the child."""
    import c2pa

    settings = safe_settings(policy)
    settings["builder"] = {
        "thumbnail": {"enabled": False},
        "created_assertion_labels": list(created),
    }
    # We read back what is on the disk, which proves more than reading back what is in memory.
    settings["verify"] = {**settings["verify"], "verify_after_sign": False}
    return c2pa.Context.from_dict(settings)


def _signer(credential: Credential, relay: _Relay, timestamp_url: str | None) -> c2pa.Signer:
    import c2pa

    algorithm = c2pa.C2paSigningAlg[credential.algorithm.name]
    if credential.key_pem is None:
        # The signature box is sized for any certificate here: about 9 kB more than with a key.
        return c2pa.Signer.from_callback(relay, algorithm, credential.chain_pem.decode(), timestamp_url)
    info = c2pa.C2paSignerInfo(algorithm, credential.chain_pem, credential.key_pem, timestamp_url)
    return c2pa.Signer.from_info(info)


class _Relay:
    """Calls the callback of a user for the SDK, and keeps what goes wrong, which the SDK would swallow."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._error: BaseException | None = None

    def __call__(self, data: bytes) -> bytes:
        callback, accepts = self._credential.callback, self._credential.accepts
        try:
            if callback is None:
                raise SigningError("there is neither a key nor a callback to sign with")
            signature = callback(data)
            if not isinstance(signature, bytes):
                raise SigningError(
                    f"the signing callback returned {type(signature).__name__} instead of bytes"
                )
            if accepts is not None and not accepts(signature, data):
                raise VerificationFailed(
                    "the signature of the callback does not fit the certificate: it is of another key, of a "
                    "digest instead of the data, or of another algorithm",
                    expected=self._credential.algorithm.value,
                )
        except BaseException as error:
            self._error = error
            return b""
        return signature

    def reraise(self) -> None:
        """Raise what the callback raised; an ordinary exception as the cause of a SigningError."""
        error = self._error
        if error is None:
            return
        if isinstance(error, ForensicsError) or not isinstance(error, Exception):
            raise error
        raise SigningError(f"the signing callback failed: {type(error).__name__}: {error}") from error


class _Watched:
    """A file that keeps the first error of the disk, which the SDK would swallow."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self._error = self._error or error
            raise

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError as error:
            self._error = self._error or error
            raise

    def reraise(self) -> None:
        """Raise the error of the disk, if there was one."""
        if self._error is not None:
            raise SigningError(f"cannot write the signed file: {self._error.strerror}") from self._error


_CERTIFICATE = ("certificate", "credential", "private key", "pkcs#8", "eku", "self-signed", "time of signing")
_MANIFEST = ("assertion", "ingredientid", "manifest definition", "json")


def _translated(error: c2pa.C2paError) -> ForensicsError:
    """Give an error of the SDK its type: by its class where there is one, else by the words it uses."""
    import c2pa

    text = " ".join(str(error).split())[:400]
    words = text.lower()
    if isinstance(error, c2pa.C2paError.NotSupported):
        return UnsupportedMedia(f"the SDK cannot sign this kind of file: {text}")
    if isinstance(error, c2pa.C2paError.Json):
        return ManifestError(f"the manifest was refused: {text}")
    if "could not be parsed" in words:
        return CorruptMedia(f"the file to be signed cannot be taken apart: {text}")
    if any(word in words for word in _CERTIFICATE):
        return CertificateError(f"the certificate or key was refused: {text}")
    if any(word in words for word in _MANIFEST):
        return ManifestError(f"the manifest was refused: {text}")
    return SigningError(f"signing failed: {text}")
