"""The table of measures: what each asks, how it is checked, and the function that does so.

The measures are told in our own words. Sections are those of the Code of Practice on marking and labelling of
AI-generated content (final text of June 2026), as secondary sources cite them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forensics.article50.agreement import consistent
from forensics.article50.marks import bound, marked
from forensics.article50.metadata import declared, inputs, signed, time_stamped
from forensics.article50.records import Finding, Layer
from forensics.article50.registry import registered
from forensics.article50.subject import Subject
from forensics.article50.survival import survives
from forensics.article50.whole import detectable, layered

__all__ = ["MEASURES", "Measure"]


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: Its name in JSON.
        title: What it asks, in a few words.
        section: Measure of the Code of Practice that it belongs to.
        layer: What carries the mark.
        asks: What is asked for, in our words.
        how: How it is checked.
        run: Checks it.
    """

    name: str
    title: str
    section: str
    layer: Layer
    asks: str
    how: str
    run: Callable[[Subject], Finding]


MEASURES: tuple[Measure, ...] = (
    Measure(
        "signed",
        "signed metadata",
        "1.1.1",
        Layer.METADATA,
        "The file carries metadata that are signed and cannot be changed unseen.",
        "Content Credentials (C2PA) in the file or beside it verify, with all that they rest on, and the "
        "trust policy knows the signer.",
        signed,
    ),
    Measure(
        "time_stamped",
        "signature time-stamped",
        "1.1.1",
        Layer.METADATA,
        "It can be shown when the metadata were signed.",
        "The signature bears a time stamp (RFC 3161) of an authority in the trust policy.",
        time_stamped,
    ),
    Measure(
        "declared",
        "declared as AI-generated",
        "1.1.1",
        Layer.METADATA,
        "The signed metadata say that the content was generated or changed by AI.",
        "The signer vouches for a digitalSourceType of a trained model, for the whole or for a part.",
        declared,
    ),
    Measure(
        "consistent",
        "no contradicting declaration",
        "1.1",
        Layer.ALL,
        "What the layers say of the origin of the content agrees.",
        "Credentials, IPTC and XMP source types, the traces that generators leave, EXIF and the origin that "
        "the key of the watermark stands for are compared.",
        consistent,
    ),
    Measure(
        "watermark",
        "imperceptible watermark",
        "1.1.2",
        Layer.WATERMARK,
        "The pixels themselves carry a mark that nobody sees and that stays when metadata are lost.",
        "A watermark of one of the keys is found with a p-value at or below the declared false-alarm rate, "
        "and was not copied from another picture.",
        marked,
    ),
    Measure(
        "bound",
        "credentials name the watermark",
        "1.1",
        Layer.ALL,
        "The layers belong together: a copy that lost its metadata leads back to them.",
        "A c2pa.soft-binding of the active manifest names our algorithm and the payload that was found.",
        bound,
    ),
    Measure(
        "registered",
        "registered",
        "1.1.3",
        Layer.REGISTRY,
        "Optional: the content is logged or fingerprinted, so that it is recognised later.",
        "The manifest store holds the file, its pixels or its watermark, and the entry was not withdrawn.",
        registered,
    ),
    Measure(
        "survives",
        "watermark survives copies",
        "2",
        Layer.WATERMARK,
        "Marks are robust against what commonly happens to files.",
        "Copies are stripped of all metadata, compressed, scaled, cropped and captured from the screen; the "
        "watermark alone is found in each at the declared rate and says the same.",
        survives,
    ),
    Measure(
        "layers",
        "two machine-readable layers",
        "1.1",
        Layer.ALL,
        "No single technique suffices: at least two layers mark the content.",
        "At least two of signed metadata that declare AI, watermark and registration hold.",
        layered,
    ),
    Measure(
        "inputs",
        "marks of inputs kept",
        "1.2",
        Layer.METADATA,
        "Marks of what the content was made from are kept.",
        "Every ingredient that the credentials name still verifies.",
        inputs,
    ),
    Measure(
        "detectable",
        "detector offered",
        "2",
        Layer.ALL,
        "Whoever receives the content can have it checked, free of charge.",
        "What was found was found by open detectors, which are named.",
        detectable,
    ),
)
