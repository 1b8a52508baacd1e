"""Was a signed picture changed, or was its credential moved here from another picture?

A failed hard binding alone cannot tell. The small picture that many signers put into the manifest can: it is
signed, and either it shows this picture or another one.
"""

from __future__ import annotations

from forensics.evidence import Calibration, Evidence, Grade, Measurement, Question, Status
from forensics.media import Media
from forensics.provenance import claim_thumbnail

__all__ = ["OTHER", "SAME", "compare_with_thumbnail"]

# Correlation of low-passed luminance from which two pictures are called the same, and up to which they are
# called different; between them nothing is said. How often that is wrong: benchmarks/transplants.py.
SAME = 0.9
OTHER = 0.4
SET = Calibration(
    name="600 photos and changed copies beside their own and others' thumbnails",
    negatives=600,
    positives=600,
    note="Two bounds, no likelihood ratio: it names what happened and moves no verdict.",
)


def compare_with_thumbnail(media: Media) -> Evidence | None:
    """Compare a picture whose hard binding fails with the thumbnail in its credential.

    Args:
        media: The file.

    Returns:
        Evidence that names which of the two it is; None where there is no thumbnail, it is too plain, or
        the comparison is undecided.
    """
    from forensics.detectors.jpeg.thumbnail import compare, read_thumbnail

    data = claim_thumbnail(media.data or media.path or b"")
    thumbnail = read_thumbnail(data) if data else None
    match = compare(media.luma, thumbnail) if thumbnail is not None else None
    if match is None or OTHER < match.correlation < SAME:
        return None
    moved = match.correlation <= OTHER
    return Evidence(
        detector="credentials",
        code="credentials.transplanted" if moved else "credentials.retouched",
        question=Question.HISTORY,
        grade=Grade.CLAIM,
        status=Status.SIGNAL,
        summary=_MOVED if moved else _CHANGED,
        calibration=SET,
        limits="It compares a small picture: a change of detail does not show in it.",
        measurements=(Measurement(name="correlation", value=round(match.correlation, 3)),),
    )


_MOVED = "The signed thumbnail shows another picture: the credential was moved here from elsewhere."
_CHANGED = "The signed thumbnail shows this picture: it was signed, and changed since."
