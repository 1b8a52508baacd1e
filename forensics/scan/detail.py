"""All that an audit found, kept for the files that people will want to look at."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Self

from forensics.audit_report import AuditReport

__all__ = ["Detail", "MapPicture"]


@dataclass(frozen=True)
class MapPicture:
    """An evidence map as a picture.

    Attributes:
        detector: Whose map it is.
        name: Its name, unique for the detector.
        caption: What bright means.
        png: The encoded picture.
    """

    detector: str
    name: str
    caption: str
    png: bytes


@dataclass(frozen=True)
class Detail:
    """The whole report of one file, and its maps.

    Attributes:
        report: As the audit made it; the values of its maps are not kept.
        maps: Those of its maps that were kept.
    """

    report: AuditReport
    maps: tuple[MapPicture, ...] = ()

    def packed(self) -> bytes:
        """Return it as bytes for a database."""
        maps = [[m.detector, m.name, m.caption, base64.b64encode(m.png).decode("ascii")] for m in self.maps]
        record = {"report": json.loads(self.report.model_dump_json()), "maps": maps}
        return zlib.compress(json.dumps(record).encode("ascii"), 6)

    @classmethod
    def from_packed(cls, data: bytes) -> Self:
        """Return what `packed` was made of, less the values of maps.

        Raises:
            ValueError: These are other bytes.
        """
        try:
            record = json.loads(zlib.decompress(data))
            for evidence in record["report"]["evidence"]:
                evidence["maps"] = []
            maps = tuple(MapPicture(d, n, c, base64.b64decode(png)) for d, n, c, png in record["maps"])
            return cls(AuditReport.model_validate(record["report"]), maps)
        except (zlib.error, KeyError, TypeError) as error:
            raise ValueError(f"no packed detail: {error}") from error
