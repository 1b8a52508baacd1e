"""Decoders of somebody's own: what is given to whoever draws with them, and the register of all that were."""

from forensics.watermark.issuing.issued import IssuedDecoder, issue, load_issued, save_issued
from forensics.watermark.issuing.registry import Holder, Registry

__all__ = ["Holder", "IssuedDecoder", "Registry", "issue", "load_issued", "save_issued"]
