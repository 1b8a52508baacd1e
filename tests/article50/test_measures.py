"""Every measure passes, fails and does not apply where it should, on real files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from forensics.article50 import MEASURES, Finding, Outcome, Settings, Subject
from forensics.article50.metadata import signed
from forensics.datasets.procedural import camera
from forensics.media import open_media
from forensics.provenance import AiSignal, AiSignalKind, Chain, CredentialState, TrustPolicy
from forensics.provenance.manifests import made_by_model
from forensics.provenance.report import Ingredient, SignedTime, SourceType
from forensics.provenance.trust import ListKind, TrustList
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

from ..marked_files import KEY, PAYLOAD, Workshop

PASS, FAIL, NONE, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE, Outcome.UNKNOWN

OUTCOMES = [
    ("signed", "whole.png", PASS, "signed by"),
    ("signed", "unsigned.png", FAIL, "no credentials"),
    ("time_stamped", "whole.png", FAIL, "no time stamp"),
    ("time_stamped", "unsigned.png", NONE, "no signature"),
    ("declared", "whole.png", PASS, "a model made it"),
    ("declared", "camera.jpg", FAIL, "declare a capture"),
    ("declared", "only says so.jpg", FAIL, "nobody signed that"),
    ("declared", "unsigned.png", FAIL, "No signed metadata"),
    ("consistent", "whole.png", PASS, "the credentials, the watermark"),
    ("consistent", "contradicting.jpg", FAIL, "xmp metadata says captured by a camera"),
    ("consistent", "unsigned.png", NONE, "Nothing in it says"),
    ("consistent", "only says so.jpg", PASS, "xmp metadata"),
    ("watermark", "whole.png", PASS, PAYLOAD),
    ("watermark", "stripped.png", PASS, PAYLOAD),
    ("watermark", "signed.png", FAIL, "No watermark"),
    ("watermark", "other key.png", FAIL, "No watermark"),
    ("watermark", "small.png", NONE, "96 x 96"),
    ("watermark", "foreign.png", UNKNOWN, "com.adobe.trustmark.P"),
    ("bound", "whole.png", PASS, PAYLOAD),
    ("bound", "short.jpg", PASS, PAYLOAD),
    ("bound", "misnamed.png", FAIL, "badbee"),
    ("bound", "unnamed.png", FAIL, "do not name"),
    ("bound", "named only.png", FAIL, "not there"),
    ("bound", "other key.png", FAIL, "not there"),
    ("bound", "signed.png", NONE, "name no watermark"),
    ("bound", "stripped.png", NONE, "no credentials"),
    ("bound", "foreign.png", UNKNOWN, "com.adobe.trustmark.P"),
    ("registered", "whole.png", PASS, "its bytes"),
    ("registered", "stripped.png", PASS, "its pixels"),
    ("registered", "withdrawn.png", FAIL, "signed by mistake"),
    ("registered", "signed.png", FAIL, "does not know"),
    ("registered", "unnamed.png", PASS, "under other credentials than it carries, found by its pixels"),
    ("registered", "camera.jpg", FAIL, "does not know"),
    ("layers", "whole.png", PASS, "metadata, watermark, registry"),
    ("layers", "stripped.png", PASS, "watermark, registry"),
    ("layers", "signed.png", FAIL, "metadata; at least 2"),
    ("layers", "foreign.png", UNKNOWN, "Not decided: watermark"),
    ("inputs", "whole.png", NONE, "names nothing"),
    ("detectable", "whole.png", PASS, "C2PA validator"),
    ("detectable", "unsigned.png", NONE, "nothing in it"),
    ("survives", "whole.png", PASS, "all 6 copies"),
    ("survives", "signed.png", NONE, "no watermark"),
]


@pytest.mark.parametrize(("measure", "name", "outcome", "said"), OUTCOMES)
def test_a_measure_says_so_of_a_file(
    measure: str, name: str, outcome: Outcome, said: str, finding: Callable[..., Finding]
) -> None:
    found = finding(measure, name)
    assert (found.outcome, said in found.reason) == (outcome, True), found.reason


def test_every_measure_passes_and_fails_somewhere_and_is_said_in_words() -> None:
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    assert {name for name, _, outcome, _ in OUTCOMES if outcome is PASS} >= set(names) - {
        "time_stamped",
        "inputs",
    }
    assert all(m.asks.endswith(".") and m.how.endswith(".") for m in MEASURES)


@pytest.mark.parametrize(
    ("measure", "changes", "outcome", "said"),
    [
        ("signed", {"trust": TrustPolicy()}, UNKNOWN, "--trust"),
        ("watermark", {"keys": ()}, UNKNOWN, "--keys"),
        ("bound", {"keys": ()}, UNKNOWN, "--keys"),
        ("registered", {"store": None}, NONE, "--store"),
        ("survives", {"quick": True}, NONE, "--quick"),
        ("survives", {"copies": ("resize:0.1",)}, FAIL, "does not survive resize:0.1"),
        ("consistent", {"keys": (Key(KEY.secret, "lens", "captured"),)}, FAIL, "the watermark says captured"),
    ],
)
def test_what_a_check_is_given_matters(
    measure: str, changes: dict[str, Any], outcome: Outcome, said: str, finding: Callable[..., Finding]
) -> None:
    found = finding(measure, "whole.png", **changes)
    assert (found.outcome, said in found.reason) == (outcome, True), found.reason


def test_a_policy_that_trusts_others_fails_the_signer(workshop: Workshop, settings: Settings) -> None:
    pem = (Path(__file__).parents[1] / "data" / "c2pa" / "anchors.pem").read_text()
    trust = TrustPolicy(lists=(TrustList(name="others", pem=pem),))
    path = workshop["signed.png"]
    found = signed(Subject(path, open_media(path), replace(settings, trust=trust)))
    assert (found.outcome, "nobody vouches" in found.reason) == (FAIL, True)


@pytest.fixture
def changed(subject: Callable[..., Subject]) -> Callable[..., Subject]:
    """The whole file, with other credentials than it carries."""

    def make(**update: Any) -> Subject:
        made = subject("whole.png", quick=True)
        made.credentials = made.credentials.model_copy(update=update)
        return made

    return make


def said(measure: str, subject: Subject) -> tuple[Outcome, str]:
    (run,) = (m.run for m in MEASURES if m.name == measure)
    found = run(subject)
    return found.outcome, found.reason


def test_a_time_counts_only_from_an_authority_of_the_policy(changed: Callable[..., Subject]) -> None:
    time = SignedTime(value="2026-06-01T00:00:00Z", trusted=True)
    assert said("time_stamped", changed(signed_time=time))[0] is PASS
    doubtful = changed(signed_time=time.model_copy(update={"trusted": False}))
    assert said("time_stamped", doubtful)[0] is UNKNOWN
    lists = doubtful.settings.trust.lists
    tsa = lists[0].model_copy(update={"kind": ListKind.TSA, "name": "times"})
    trust = doubtful.settings.trust.model_copy(update={"lists": (*lists, tsa)})
    doubtful.settings = replace(doubtful.settings, trust=trust)
    assert said("time_stamped", doubtful)[0] is FAIL


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (CredentialState.INVALID, FAIL),
        (CredentialState.MALFORMED, FAIL),
        (CredentialState.REMOTE_DECLARED, UNKNOWN),
    ],
)
def test_credentials_that_do_not_hold_count_for_nothing(
    state: CredentialState, outcome: Outcome, changed: Callable[..., Subject]
) -> None:
    broken = changed(state=state)
    assert said("signed", broken)[0] is outcome
    assert said("declared", broken)[0] is outcome
    assert said("bound", broken)[0] in (FAIL, NONE)
    assert said("time_stamped", broken) == (
        FAIL, "The credentials do not hold, so what stamps them counts for nothing.",
    )  # fmt: skip
    assert "the credentials" not in said("consistent", broken)[1]


def test_a_broken_chain_fails_what_rests_on_it(changed: Callable[..., Subject]) -> None:
    part = Ingredient(title="parent", relationship="parentOf", manifest="urn:1", failed=("x.mismatch",))
    active = changed().credentials.manifests[0]
    broken = changed(chain=Chain.BROKEN, manifests=(active.model_copy(update={"ingredients": (part,)}),))
    assert [said(name, broken)[0] for name in ("signed", "declared", "inputs")] == [FAIL] * 3
    sound = part.model_copy(update={"failed": ()})
    kept = changed(chain=Chain.INTACT, manifests=(active.model_copy(update={"ingredients": (sound,)}),))
    assert said("inputs", kept)[0] is PASS
    bare = sound.model_copy(update={"manifest": ""})
    without = changed(manifests=(active.model_copy(update={"ingredients": (bare,)}),))
    assert said("inputs", without)[0] is NONE


@pytest.mark.parametrize("kind", [AiSignalKind.NONE, AiSignalKind.HUMAN, AiSignalKind.AMBIGUOUS])
def test_only_a_model_is_a_declaration(kind: AiSignalKind, changed: Callable[..., Subject]) -> None:
    assert said("declared", changed(ai_signal=AiSignal(kind=kind, trusted=True)))[0] is FAIL


def test_what_is_only_passed_on_is_not_declared(changed: Callable[..., Subject]) -> None:
    passed_on = changed(ai_signal=AiSignal(kind=AiSignalKind.FULLY, trusted=False))
    assert said("declared", passed_on) == (
        FAIL, "The signer only passes on that a model had a part in it, and does not vouch for it.",
    )  # fmt: skip
    partly = changed(ai_signal=AiSignal(kind=AiSignalKind.PARTLY, trusted=True))
    assert said("declared", partly) == (PASS, "The credentials declare that a model made parts of it.")


def test_a_chain_that_disagrees_with_itself(changed: Callable[..., Subject]) -> None:
    base = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    sources = tuple(
        SourceType(value=base + term, manifest="m", where="c2pa.created", trusted=True)
        for term in ("trainedAlgorithmicMedia", "digitalCapture")
    )
    both = changed(ai_signal=AiSignal(kind=AiSignalKind.AMBIGUOUS, sources=sources))
    assert said("consistent", both)[0] is FAIL


def test_a_copied_or_unreadable_mark(changed: Callable[..., Subject]) -> None:
    made = changed()
    found = made.detection
    assert found is not None
    made.detection = replace(found, copied=True)
    assert said("watermark", made)[0] is FAIL
    assert said("bound", made)[0] is FAIL
    assert made.mark is None
    assert "copied here" not in said("watermark", changed())[1]
    made.detection = replace(found, payload=None, copied=None)
    assert said("watermark", made)[0] is PASS
    assert "Whether it was copied here cannot be told" in said("watermark", made)[1]
    assert said("bound", made)[0] is UNKNOWN


def test_a_registration_with_another_mark_fails(changed: Callable[..., Subject]) -> None:
    made = changed()
    found = made.detection
    assert found is not None
    assert found.payload is not None
    made.detection = replace(found, payload=replace(found.payload, identity="000000001"))
    assert said("registered", made)[0] is FAIL


def test_a_copy_is_found_in_the_store_by_its_mark(
    workshop: Workshop, settings: Settings, tmp_path: Path
) -> None:
    with Image.open(workshop["whole.png"]) as picture:
        picture.save(tmp_path / "copy.jpg", quality=80)
    assert standing(tmp_path / "copy.jpg", settings) == (
        PASS, "It is registered, found by its watermark and its looks.",
    )  # fmt: skip


def test_what_cannot_be_tried_and_what_is_lost_is_said(finding: Callable[..., Finding]) -> None:
    found = finding("survives", "whole.png", copies=("resize:0.05+resize:0.5", "blur:8"))
    rows = {row.name: str(row.value) for row in found.evidence}
    assert found.outcome is FAIL
    assert rows["metadata stripped"].startswith("found, p = 10^-")
    assert rows["resize:0.05+resize:0.5"].startswith("not tried: ")
    assert rows["blur:8"].startswith("lost, p = 10^")


def test_traces_of_a_generator_are_a_declaration(workshop: Workshop, settings: Settings) -> None:
    text = PngInfo()
    text.add_text("parameters", "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 320x320")
    Image.fromarray(workshop.plain).save(workshop["traces.png"], pnginfo=text)
    path = workshop["traces.png"]
    outcome, reason = said("consistent", Subject(path, open_media(path), settings))
    assert (outcome, "png metadata" in reason) == (PASS, True)


def test_another_picture_with_the_same_mark_is_not_taken_for_it(
    workshop: Workshop, settings: Settings
) -> None:
    pixels = Watermarker(KEY).embed(camera(5, 320, 320), PAYLOAD).pixels
    workshop.save("namesake.png", pixels)
    outcome, reason = standing(workshop["namesake.png"], settings)
    assert (outcome, "does not look like it" in reason) == (UNKNOWN, True)
    workshop.save("signed namesake.png", pixels, made_by_model("sketch"))
    assert standing(workshop["signed namesake.png"], settings)[0] is FAIL


def standing(path: Path, settings: Settings) -> tuple[Outcome, str]:
    return said("registered", Subject(path, open_media(path), settings))
