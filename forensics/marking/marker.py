"""The one step: watermark, encode, sign, read back, register, put into place; all of it, or nothing."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from forensics.errors import ManifestError, UsageError, WatermarkError
from forensics.files import encodable
from forensics.marking.batches import pictures_of
from forensics.marking.binding import algorithm, manifest_of, parameters_digest, soft_binding
from forensics.marking.clock import Clock
from forensics.marking.films import is_film
from forensics.marking.identity import own_identity
from forensics.marking.preparing import Prepared, check_target, checked, prepare_file, prepare_pixels
from forensics.marking.profile import MarkedFile, Order, Profile, What
from forensics.marking.reading import seen_in
from forensics.marking.staging import Stage, staged
from forensics.media import Pixels
from forensics.provenance.sign_request import PathLike
from forensics.provenance.signers import PemSigner
from forensics.provenance.signing import SignResult, TimestampPolicy, sign
from forensics.provenance.store import ManifestStore, Mark, Record, recorded
from forensics.watermark.confirming import confirm
from forensics.watermark.detection import Detection
from forensics.watermark.payload import Payload
from forensics.watermark.video import detect_clip
from forensics.watermark.watermarker import RATE, Watermarker

__all__ = ["Marker"]

_TRIES = 100
_MEANT = 1e-3  # how often a mark that says something else may be taken for the one that was put in


@dataclass(frozen=True)
class _ReadBack:
    """What the signed file shows."""

    data: bytes
    pixels: Pixels | None
    found: Detection | None


class Marker:
    """Marks pictures and clips: each gets a watermark, credentials that name it, and an entry in a store.

    A file appears in its place whole, after it was read back, together with its entry, or not at all.

    Args:
        profile: Keys, signer, store and model.

    Raises:
        CertificateError: The certificate has expired, or validators would refuse it.
        StoreError: There is no store.
        UsageError: There is no such layout or codec.
        MissingExtra: The codec or the database needs a package that is not installed.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._watermarker = Watermarker(
            profile.key, layout=profile.layout, psnr=profile.psnr, codec=profile.codec
        )
        self._clips = Watermarker(profile.key, layout=profile.layout, psnr=profile.psnr)
        profile.signer.credential(profile.policy)  # an expired certificate ends here, before any work
        self._store = ManifestStore(profile.store)

    @classmethod
    def default(
        cls,
        model: str,
        version: str | None = None,
        *,
        origin: str = "synthetic",
        timestamp: TimestampPolicy | None = None,
    ) -> Self:
        """Return a marker with the user's own identity, which is made on first use.

        Args:
            model: Name of the model.
            version: Its version.
            origin: What the watermarks say: "synthetic", or "composite" for pictures that a model changed.
            timestamp: Where to get time stamps; nobody is asked if None.

        Raises:
            ForensicsError: As for `own_identity`.
        """
        own = own_identity(origin)
        signer = PemSigner(own.ca.chain, own.ca.key)
        return cls(Profile(own.key, signer, own.store, model, version, own.policy, timestamp=timestamp))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def save(self, pixels: Pixels, target: PathLike, order: Order | None = None) -> MarkedFile:
        """Mark pixels and write them.

        Args:
            pixels: (H, W, 3) uint8 RGB, or (T, H, W, 3) for a clip.
            target: Where to; its ending decides the format.
            order: What is asked for; a file made by the model if None.

        Raises:
            UsageError: The pixels, the target or the payload do not fit, or a mark needs a larger picture.
            WatermarkError: The mark cannot be read back.
            TimestampError: A time stamp is required, and there is none.
            StoreLocked, StoreFull, StoreError: It could not be registered.
            SigningError: It could not be written or signed.
        """
        order, place, clock = order or Order(), Path(target), Clock()
        check_target(place, clip=is_film(checked(pixels)))
        if order.what is not What.MADE and order.parent is None:
            raise UsageError("name the file before the change as `parent`, or say that a model made it")
        identity = self._identity(order)
        with staged(place, None, overwrite=order.overwrite, in_place=False) as stage:
            ready = prepare_pixels(pixels, identity, order, self._for(pixels), stage, clock)
            return self._finished(ready, order, stage, clock)

    def mark_file(self, source: PathLike, target: PathLike, order: Order | None = None) -> MarkedFile:
        """Mark a picture or clip; all that goes with it is kept.

        Args:
            source: The file.
            target: Where to; its ending decides the format.
            order: What is asked for; a file made by the model if None.

        Raises:
            MediaError: The source cannot be read.
            ManifestError: It has credentials that would be lost.
            ForensicsError: As for `save`.
        """
        order, clock, before = order or Order(), Clock(), Path(source)
        identity = self._identity(order)
        with staged(Path(target), before, overwrite=order.overwrite, in_place=order.in_place) as stage:
            marker = self._clips if stage.target.suffix.lower() in (".mp4", ".mov") else self._watermarker
            ready = prepare_file(before, identity, order, marker, stage, clock)
            return self._finished(ready, order, stage, clock, before)

    def mark_many(
        self, pictures: Iterable[tuple[Pixels, PathLike]], order: Order | None = None
    ) -> Iterator[MarkedFile]:
        """Mark pictures one by one, each into its own file; the first that fails ends it."""
        for pixels, target in pictures:
            yield self.save(pixels, target, order)

    def save_batch(
        self, batch: Any, folder: PathLike, order: Order | None = None, *, first: int = 0
    ) -> tuple[MarkedFile, ...]:
        """Mark a batch of tensors into a folder, as 000000.png and so on.

        Args:
            batch: (B, 3, H, W) floats in [0, 1], of PyTorch or NumPy; what is beyond is cut.
            folder: Where to; it is made.
            order: What is asked for.
            first: Number of the first picture.

        Raises:
            UsageError: That is no such batch.
            ForensicsError: As for `save`.
        """
        named = (
            (p, Path(folder) / f"{number:06d}.png") for number, p in enumerate(pictures_of(batch), first)
        )
        return tuple(self.mark_many(named, order))

    def _for(self, pixels: Pixels) -> Watermarker:
        return self._clips if is_film(pixels) else self._watermarker

    def _identity(self, order: Order) -> str:
        """Return what the next mark is to say."""
        if order.carried is not None and (order.payload is not None or not order.watermark):
            raise UsageError("pixels that carry a payload get no other one, and it is always read back")
        if order.carried is not None or not order.watermark:
            return "0"
        if order.payload is not None:
            return self._watermarker.payload(order.payload).identity
        if self.profile.payload is not None:
            return self._watermarker.payload(self.profile.payload()).identity
        for _ in range(_TRIES):
            drawn = f"{secrets.randbits(self._watermarker.layout.identity):x}"
            fresh = self._watermarker.payload(drawn).identity
            if not self._store.by_payload(self.profile.codec, self.profile.key.id, fresh):
                return fresh
        raise UsageError(f"the layout {self.profile.layout} has hardly an identity left: use a longer one")

    def _finished(
        self, ready: Prepared, order: Order, stage: Stage, clock: Clock, source: Path | None = None
    ) -> MarkedFile:
        """Sign, read back, register, and put into place."""
        codec = "spread" if ready.clip else self.profile.codec
        with clock("sign"):
            signed = self._signed(ready, codec, order, stage, source)
        with clock("read back"):
            back = self._read_back(ready, stage.signed)
        with clock("record"):
            record = self._record(ready, codec, order, back)
        with clock("store"):
            self._placed(record, stage)
        return MarkedFile(
            path=stage.target,
            manifest_id=record.manifest_id,
            state=signed.state,
            payload=ready.expected.identity if ready.expected else "",
            layout=ready.expected.layout if ready.expected else "",
            codec=codec if ready.expected else "",
            key=self.profile.key.id if ready.expected else "",
            psnr=ready.psnr,
            log10_p=round(back.found.log10_p, 1) if back.found else None,
            timestamped=signed.timestamped,
            timestamp_problem=signed.timestamp_problem,
            notes=tuple(encodable(note) for note in ready.notes),
            seconds=clock.seconds,
        )

    def _signed(
        self, ready: Prepared, codec: str, order: Order, stage: Stage, source: Path | None
    ) -> SignResult:
        binding = soft_binding(codec, self.profile.key.id, ready.expected) if ready.expected else None
        manifest = manifest_of(self.profile, order, encodable(stage.target.name), binding)
        parent = order.parent if order.parent is not None else source
        if not manifest.opens and order.parent is not None:
            raise ManifestError("a file that a model made as a whole has no parent")
        return sign(
            ready.path,
            stage.signed,
            manifest,
            self.profile.signer,
            parent=parent if manifest.opens else None,
            policy=self.profile.policy,
            timestamp=self.profile.timestamp,
            # Of what was encoded here nothing can be lost; see preparing for the file that it came from.
            discard_credentials=order.discard_credentials or ready.path == stage.plain,
        )

    def _read_back(self, ready: Prepared, signed: Path) -> _ReadBack:
        """Look for the mark in what stands on the disk.

        Raises:
            WatermarkError: It is not there, says something else, or counts as copied.
        """
        data = signed.read_bytes()
        pixels = None if ready.clip else seen_in(data, ready.encoded)
        if ready.expected is None:
            return _ReadBack(data, pixels, None)
        if ready.clip:
            found = detect_clip(signed, [self.profile.key])
        elif pixels is None:
            raise UsageError("this file has no pixels that could carry a mark: ask for no watermark")
        else:
            found = self._watermarker.detect(pixels)
            found = self._confirmed(found, pixels, ready.expected) if ready.psnr is None else found
        if found.payload != ready.expected or found.copied:
            said = found.payload.identity if found.payload else "nothing"
            advice = (
                "give the payload and key that the pixels really carry"
                if ready.psnr is None
                else "ask for a lower PSNR or a higher quality, or for another key if it is marked already"
            )
            raise WatermarkError(
                f"the mark cannot be read back from what was written: {advice}",
                expected=ready.expected.identity,
                actual=f"{said}, p = 10^{found.log10_p:.1f}",
            )
        return _ReadBack(data, pixels, found)

    def _confirmed(self, found: Detection, pixels: Pixels, expected: Payload) -> Detection:
        """Look for all bins of a mark that a decoder put in, and that is too weak to be read without."""
        if found.payload is not None:
            return found
        seen = confirm(pixels, self.profile.key, [expected], "spread")
        if seen.log10_presence > math.log10(RATE) or seen.log10_meant > math.log10(_MEANT):
            return found
        return replace(found, detected=True, payload=expected, log10_p=seen.log10_presence)

    def _record(self, ready: Prepared, codec: str, order: Order, back: _ReadBack) -> Record:
        extra: dict[str, Any] = {"what": order.what.value}
        if self.profile.version is not None:
            extra["version"] = self.profile.version
        if order.parameters is not None:
            extra["parametersSha256"] = parameters_digest(order.parameters)
        mark = None
        if ready.expected is not None:
            mark = Mark(codec, self.profile.key.id, ready.expected.identity)
            extra |= {
                "layout": ready.expected.layout,
                "format": ready.expected.version,
                "algorithm": algorithm(codec),
            }
        return recorded(
            back.data,
            mark=mark,
            model=self.profile.model,
            skeleton=self.profile.skeleton,
            extra=extra,
            pixels=back.pixels,
        )

    # The entry counts only when the file stands in its place, and the file stays there only if the entry
    # counts: the transaction is open while the file is moved, and what cannot be committed is moved back.
    # The other order, to register first and to revoke what cannot be moved, would leave an entry without a
    # file whenever the store cannot be written a second time, and two lines for nothing in a log for ever.
    def _placed(self, record: Record, stage: Stage) -> None:
        try:
            with self._store.adding(record):
                stage.publish()
        except BaseException:
            stage.withdraw()
            raise
