"""An identity for people and for programs; no secret is in either."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from forensics.files import encodable

if TYPE_CHECKING:
    from forensics.marking import Identity

__all__ = ["shown"]


def shown(own: Identity, *, as_json: bool) -> str:
    """Return an identity as text, or as one line of JSON."""
    from forensics.report.safe import printable

    record: dict[str, Any] = {
        "key": own.key.name,
        "key_id": own.key.id,
        "origin": own.key.origin,
        "certificate": encodable(str(own.ca.chain)),
        "expires": own.ca.expires.isoformat(),
        "root": encodable(str(own.ca.root)),
        "store": encodable(str(own.store)),
        "trusted_here": own.vouched,
        "made": [encodable(line) for line in own.made],
    }
    if as_json:
        return json.dumps(record)
    trusted = "yes" if own.vouched else "no: the trust policy in force does not name the root"
    lines = [
        f"watermark key  {record['key']} ({record['key_id']}), marks say {record['origin']}",
        f"certificate    {record['certificate']}, until {own.ca.expires:%Y-%m-%d}",
        f"root           {record['root']}",
        f"trusted here   {trusted}",
        f"store          {record['store']}",
        *(f"made           {line}" for line in record["made"]),
    ]
    return "\n".join(printable(line, 2000) for line in lines)
