"""The degradations that detectors are evaluated under, by name: what happens to pictures on their way."""

from __future__ import annotations

__all__ = ["standard_degradations"]

# Shares of the longer side that an upload keeps, first and then again: networks and messengers have limits
# in pixels, which small squares never reach.
_FIRST_SHARE, _SECOND_SHARE = 0.85, 0.7
_SMALLEST = 64  # px that a limit can be


def standard_degradations(side: int) -> dict[str, str]:
    """Return specifications by name, as `parse_attack` reads them, "none" for nothing.

    Args:
        side: Longer side of the pictures in pixels: limits of uploads are shares of it.

    Example:
        >>> standard_degradations(200)["double share"]
        'social:170+social:140,quality=60'
    """
    first, second = (max(_SMALLEST, round(share * side)) for share in (_FIRST_SHARE, _SECOND_SHARE))
    return {
        "native": "none",
        "JPEG 95": "jpeg:95",
        "JPEG 85": "jpeg:85",
        "JPEG 75": "jpeg:75",
        "JPEG 50": "jpeg:50",
        "WebP": "webp:75",
        "resize 0.5": "resize:0.5",
        "resize 0.75": "resize:0.75",
        "resize 1.5": "resize:1.5",
        "crop": "crop:0.5,place=random",
        "blur": "blur:1",
        "noise": "noise:4",
        "screenshot": "screenshot:0.75",
        "double share": f"social:{first}+social:{second},quality=60",
    }
