"""Every term of the vocabulary, decided by its definition, and the same for all who read it."""

from __future__ import annotations

import pytest

from forensics.detectors.metadata.sources import find_source_types
from forensics.evidence import Origin
from forensics.media import Metadata, Tag
from forensics.provenance.ai_signal import classify
from forensics.provenance.manifests import DigitalSource
from forensics.provenance.report import AiSignalKind as Kind
from forensics.source_types import SOURCE_TYPES, find_term

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
C2PA = "http://c2pa.org/digitalsourcetype/"

# Term, what it says, and what it says about generative models.
DECIDED = {
    IPTC + "digitalCapture": (Origin.CAPTURED, Kind.CAPTURED),
    IPTC + "computationalCapture": (Origin.CAPTURED, Kind.CAPTURED),
    IPTC + "negativeFilm": (Origin.CAPTURED, Kind.CAPTURED),
    IPTC + "positiveFilm": (Origin.CAPTURED, Kind.CAPTURED),
    IPTC + "print": (Origin.CAPTURED, Kind.CAPTURED),
    IPTC + "humanEdits": (Origin.EDITED, Kind.HUMAN),
    IPTC + "minorHumanEdits": (Origin.EDITED, Kind.HUMAN),
    IPTC + "algorithmicallyEnhanced": (Origin.EDITED, Kind.HUMAN),
    IPTC + "compositeCapture": (Origin.EDITED, Kind.HUMAN),
    IPTC + "digitalCreation": (Origin.CREATED, Kind.HUMAN),
    IPTC + "digitalArt": (Origin.CREATED, Kind.HUMAN),
    IPTC + "softwareImage": (Origin.CREATED, Kind.HUMAN),
    IPTC + "dataDrivenMedia": (Origin.CREATED, Kind.HUMAN),
    IPTC + "algorithmicMedia": (Origin.CREATED, Kind.HUMAN),
    IPTC + "trainedAlgorithmicMedia": (Origin.SYNTHETIC, Kind.FULLY),
    C2PA + "trainedAlgorithmicData": (Origin.SYNTHETIC, Kind.FULLY),
    IPTC + "compositeSynthetic": (Origin.COMPOSITE, Kind.PARTLY),
    IPTC + "compositeWithTrainedAlgorithmicMedia": (Origin.COMPOSITE, Kind.PARTLY),
    IPTC + "composite": (None, Kind.AMBIGUOUS),
    IPTC + "virtualRecording": (None, Kind.AMBIGUOUS),
    IPTC + "screenCapture": (None, Kind.AMBIGUOUS),
    C2PA + "empty": (None, Kind.NONE),
}


def in_metadata(value: str) -> tuple[str, Origin | None]:
    tag = Tag("xmp", "Iptc4xmpExt:DigitalSourceType", value)
    (found,) = find_source_types(Metadata((tag,), ()))
    return found.term, found.origin


def test_the_vocabulary_is_complete() -> None:
    assert {uri.rpartition("/")[2] for uri in DECIDED} == set(SOURCE_TYPES)
    assert set(DECIDED) == {source.value for source in DigitalSource}  # all that we can write


@pytest.mark.parametrize("uri", DECIDED)
def test_credentials_and_metadata_agree_on_every_term(uri: str) -> None:
    origin, kind = DECIDED[uri]
    name = uri.rpartition("/")[2]
    for written in (uri, uri.replace("http:", "https:"), name, f" {name.lower()} ", uri + "/"):
        assert classify(written) is kind
        assert in_metadata(written) == (name, origin)


@pytest.mark.parametrize(
    "value",
    [
        "",
        IPTC,
        IPTC + "multipleExposure",
        "http://evil.example/digitalCapture",
        "http://cv.iptc.org/newscodes/mediatopic/digitalCapture",
        "notDigitalCapture",
        "digitalCapture digitalCapture",
        "x" * 100_000,
    ],
)
def test_a_term_that_is_none_of_them_may_mean_anything(value: str) -> None:
    assert find_term(value) is None
    assert classify(value) is Kind.AMBIGUOUS
    assert in_metadata(value) == ("", None)
