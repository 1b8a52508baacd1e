"""Secret keys, and the streams of random numbers that carriers, tags and scrambling are drawn from."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.evidence import Origin

__all__ = ["ORIGINS", "SECRET_BYTES", "Key"]

SECRET_BYTES = 32
ORIGINS = tuple(origin.value for origin in Origin)


@dataclass(frozen=True)
class Key:
    """A secret that marks are embedded and found with.

    Whoever has it can detect, forge and remove marks; it never appears in `repr`, messages or logs.

    Attributes:
        secret: 32 random bytes.
        name: What its owner calls it.
        origin: What its marks say of a picture: "synthetic", "composite", "captured", "edited" or "created".
    """

    secret: bytes = field(repr=False)
    name: str = ""
    origin: str = "synthetic"

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_BYTES:
            size = len(self.secret)
            raise UsageError(f"a key has 32 bytes, not {size}", expected=SECRET_BYTES, actual=size)
        if self.origin not in ORIGINS:
            known = ", ".join(ORIGINS)
            raise UsageError(f"a key marks one of {known}, not {self.origin!r}", actual=self.origin)

    @classmethod
    def generate(cls, name: str = "", origin: str = "synthetic") -> Key:
        """Return a new random key.

        Args:
            name: What to call it.
            origin: What its marks say of a picture.
        """
        return cls(secrets.token_bytes(SECRET_BYTES), name, origin)

    @cached_property
    def id(self) -> str:
        """Eight public bytes in hex that tell keys apart and give nothing away."""
        return self.mac(b"id", 8).hex()

    def derived(self, label: str) -> Key:
        """Return a key of its own for one purpose; neither tells of the other."""
        return Key(self.mac(b"derived", SECRET_BYTES, label.encode()), self.name, self.origin)

    def mac(self, label: bytes, size: int, message: bytes = b"") -> bytes:
        """Return the first bytes of HMAC-SHA-256 over a label and a message, at most 32."""
        text = len(label).to_bytes(2, "big") + label + message
        return hmac.digest(self.secret, text, "sha256")[:size]

    def stream(self, label: str, count: int) -> npt.NDArray[np.uint64]:
        """Return (count,) 64-bit words that look random to whoever lacks the key.

        SHAKE-256 keyed by an HMAC: unlike NumPy's generators, the same words for ever and on every machine.
        """
        seed = self.mac(b"stream", SECRET_BYTES, label.encode())
        return np.frombuffer(hashlib.shake_256(seed).digest(8 * count), "<u8").astype(np.uint64)

    def signs(self, label: str, count: int) -> npt.NDArray[np.float32]:
        """Return (count,) values of +1 and -1."""
        return np.where(self.stream(label, count) >> np.uint64(63), 1.0, -1.0).astype(np.float32)

    def phases(self, label: str, count: int) -> npt.NDArray[np.complex64]:
        """Return (count,) complex numbers of modulus 1, of independent signs of both parts."""
        signs = self.signs(label, 2 * count)
        return np.asarray((signs[:count] + 1j * signs[count:]) / np.sqrt(2), np.complex64)
