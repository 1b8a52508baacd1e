"""What the chain says about generative models."""

from __future__ import annotations

import pytest

from forensics.provenance import AiSignalKind, SourceType
from forensics.provenance.ai_signal import Statement, classify, combine
from forensics.provenance.chain import Role

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
CAPTURE, TRAINED = f"{IPTC}digitalCapture", f"{IPTC}trainedAlgorithmicMedia"
WITH_TRAINED = f"{IPTC}compositeWithTrainedAlgorithmicMedia"
HUMAN = f"{IPTC}humanEdits"
Kind = AiSignalKind


def said(uri: str, *, role: Role = Role.LINE, origin: bool = True, trusted: bool = True) -> Statement:
    source = SourceType(value=uri, manifest="m", where="c2pa.created", trusted=trusted)
    return Statement(source, classify(uri), role, origin)


def created(uri: str) -> list[dict[str, str]]:
    return [{"action": "c2pa.created", "digitalSourceType": uri}]


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        (TRAINED, Kind.FULLY),
        ("http://c2pa.org/digitalsourcetype/trainedAlgorithmicData", Kind.FULLY),
        (WITH_TRAINED, Kind.PARTLY),
        (CAPTURE, Kind.CAPTURED),
        ("digitalCapture", Kind.CAPTURED),
        (f"{IPTC}screenCapture", Kind.AMBIGUOUS),
        (f"{IPTC}algorithmicMedia", Kind.HUMAN),
        ("http://c2pa.org/digitalsourcetype/empty", Kind.NONE),
        (f"{IPTC}inventedHere", Kind.AMBIGUOUS),
        ("http://evil.example/digitalCapture", Kind.AMBIGUOUS),
        ("", Kind.AMBIGUOUS),
    ],
)
def test_classify(uri: str, kind: AiSignalKind) -> None:
    assert classify(uri) is kind


@pytest.mark.parametrize(
    ("statements", "kind", "trusted"),
    [
        ((), Kind.NONE, False),
        ((said(TRAINED),), Kind.FULLY, True),
        ((said(TRAINED, trusted=False),), Kind.FULLY, False),
        # edited by hand afterwards: still a model's picture
        ((said(HUMAN, origin=False), said(TRAINED)), Kind.FULLY, True),
        # one generated step, or one generated component, in a photograph
        ((said(TRAINED, origin=False), said(CAPTURE)), Kind.PARTLY, True),
        ((said(CAPTURE), said(TRAINED, role=Role.PART)), Kind.PARTLY, True),
        ((said(WITH_TRAINED),), Kind.PARTLY, True),
        # what a process was fed with says nothing about what came out
        ((said(CAPTURE), said(TRAINED, role=Role.INPUT)), Kind.CAPTURED, True),
        # the line contradicts itself
        ((said(CAPTURE), said(TRAINED)), Kind.AMBIGUOUS, False),
        ((said(CAPTURE),), Kind.CAPTURED, True),
        # 'no model anywhere' needs every voice
        ((said(CAPTURE), said(CAPTURE, role=Role.PART, trusted=False)), Kind.CAPTURED, False),
        ((said(CAPTURE), said(HUMAN, origin=False)), Kind.HUMAN, True),
        ((said(CAPTURE), said(f"{IPTC}composite", origin=False)), Kind.AMBIGUOUS, False),
        ((said("http://c2pa.org/digitalsourcetype/empty"),), Kind.NONE, False),
        # the model's part is claimed by somebody unknown only
        ((said(CAPTURE), said(TRAINED, role=Role.PART, trusted=False)), Kind.PARTLY, False),
    ],
)
def test_combine(statements: tuple[Statement, ...], kind: AiSignalKind, trusted: bool) -> None:
    signal = combine(statements)
    assert (signal.kind, signal.trusted) == (kind, trusted)
    assert len(signal.sources) == len(statements)


def test_made_by_a_model(forge, pki, jpeg, read_bytes) -> None:
    signed = forge.sign(jpeg, created(TRAINED))
    trusted, unknown = read_bytes(signed, pki.policy).ai_signal, read_bytes(signed).ai_signal
    assert (trusted.kind, trusted.trusted) == (Kind.FULLY, True)
    assert (unknown.kind, unknown.trusted) == (Kind.FULLY, False)
    assert trusted.sources[0].value == TRAINED
    assert trusted.sources[0].where == "c2pa.created"


def test_the_parent_speaks_too(forge, pki, jpeg, read_bytes) -> None:
    parent = forge.sign(jpeg, created(TRAINED))
    report = read_bytes(forge.sign(parent, ingredient=parent), pki.policy)
    assert (report.ai_signal.kind, report.ai_signal.trusted) == (Kind.FULLY, True)
    assert report.ai_signal.sources[0].manifest == report.manifests[1].label


def test_generated_component_in_a_capture(forge, pki, jpeg, read_bytes) -> None:
    part = forge.sign(jpeg, created(TRAINED))
    actions = [*created(CAPTURE), {"action": "c2pa.placed", "parameters": {"ingredientIds": ["i1"]}}]
    whole = forge.sign(jpeg, actions, ingredient=part, relationship="componentOf")
    report = read_bytes(whole, pki.policy)
    assert (report.ai_signal.kind, report.ai_signal.trusted) == (Kind.PARTLY, True)


def test_tampering_takes_the_trust_away(forge, pki, jpeg, read_bytes) -> None:
    signed = bytearray(forge.sign(jpeg, created(CAPTURE)))
    signed[-40] ^= 1
    signal = read_bytes(bytes(signed), pki.policy).ai_signal
    assert (signal.kind, signal.trusted) == (Kind.CAPTURED, False)


def test_a_broken_chain_takes_the_trust_away(forge, pki, jpeg, read_bytes) -> None:
    parent = bytearray(forge.sign(jpeg, created(CAPTURE)))
    parent[-40] ^= 1
    laundered = forge.sign(bytes(parent), ingredient=bytes(parent), policy=pki.policy)
    signal = read_bytes(laundered, pki.policy).ai_signal
    assert (signal.kind, signal.trusted) == (Kind.CAPTURED, False)


def test_a_strangers_word_in_a_trusted_file(forge, stranger, pki, jpeg, read_bytes) -> None:
    parent = stranger.sign(jpeg, created(CAPTURE))
    signal = read_bytes(forge.sign(parent, ingredient=parent), pki.policy).ai_signal
    assert (signal.kind, signal.trusted) == (Kind.CAPTURED, False)


def test_metadata_and_disclosure_assertions(forge, pki, jpeg, read_bytes) -> None:
    metadata = {
        "label": "cawg.metadata",
        "data": {
            "@context": {"Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"},
            "Iptc4xmpExt:DigitalSourceType": TRAINED,
        },
    }
    signal = read_bytes(forge.sign(jpeg, assertions=(metadata,)), pki.policy).ai_signal
    assert [s.where for s in signal.sources] == ["c2pa.created", "cawg.metadata"]
    assert signal.kind is Kind.AMBIGUOUS  # the action says capture
    disclosure = {"label": "c2pa.ai-disclosure", "data": {"modelType": "c2pa.types.model"}}
    signal = read_bytes(forge.sign(jpeg, assertions=(disclosure,)), pki.policy).ai_signal
    assert signal.kind is Kind.PARTLY


def test_soft_bindings_are_listed(forge, pki, jpeg, read_bytes) -> None:
    binding = {
        "label": "c2pa.soft-binding",
        "data": {"alg": "com.adobe.trustmark.P", "blocks": [{"scope": {}, "value": "2*1010"}]},
    }
    report = read_bytes(forge.sign(jpeg, assertions=(binding,)), pki.policy)
    assert report.manifests[0].soft_bindings == ("com.adobe.trustmark.P:2*1010",)
