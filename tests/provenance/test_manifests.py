from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics import __version__
from forensics.errors import ManifestError
from forensics.provenance.manifest_json import (
    Component,
    Relationship,
    created_labels,
    definition,
    load_manifest,
)
from forensics.provenance.manifests import (
    ActionEntry,
    Agent,
    Assertion,
    DigitalSource,
    Manifest,
    SoftBinding,
    captured,
    edited_by_model,
    human_edit,
    made_by_model,
)

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
CREATED = {"action": "c2pa.created", "digitalSourceType": IPTC + "digitalCapture"}


def document(**changes: Any) -> dict[str, Any]:
    """Return a right definition, with some keys replaced."""
    actions = {"label": "c2pa.actions", "data": {"actions": [CREATED]}}
    return {"claim_generator_info": [{"name": "x"}], "title": "t", "assertions": [actions]} | changes


def written(manifest: Manifest, *components: Component) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(definition(manifest, "file.jpg", components))
    return made


def actions_of(made: dict[str, Any]) -> list[dict[str, Any]]:
    data = next(a["data"] for a in made["assertions"] if a["label"] == "c2pa.actions")
    assert data["allActionsIncluded"] is True
    actions: list[dict[str, Any]] = data["actions"]
    return actions


@pytest.mark.parametrize(
    ("manifest", "actions", "source"),
    [
        (made_by_model("m", "2"), ["c2pa.created"], "trainedAlgorithmicMedia"),
        (captured("cam"), ["c2pa.created"], "digitalCapture"),
        (edited_by_model("m"), ["c2pa.opened", "c2pa.edited"], "compositeWithTrainedAlgorithmicMedia"),
        (human_edit("paint"), ["c2pa.opened", "c2pa.edited"], "humanEdits"),
    ],
)
def test_templates_say_what_happened(manifest: Manifest, actions: list[str], source: str) -> None:
    found = actions_of(written(manifest))
    assert [a["action"] for a in found] == actions
    assert found[-1]["digitalSourceType"] == IPTC + source
    assert all("digitalSourceType" not in a for a in found[:-1])
    assert manifest.opens == (actions[0] == "c2pa.opened")


def test_the_model_is_the_agent_of_its_action() -> None:
    (made,) = actions_of(written(made_by_model("sd", "1.5")))
    assert made["softwareAgent"] == {"name": "sd", "version": "1.5"}
    assert "softwareAgent" not in actions_of(written(captured()))[0]


def test_generator_and_title() -> None:
    made = written(made_by_model("m"))
    assert made["claim_generator_info"] == [{"name": "forensics", "version": __version__}]
    assert made["title"] == "file.jpg"
    other = written(made_by_model("m", title="Sunset", generator=Agent(name="studio")))
    assert other["claim_generator_info"] == [{"name": "studio"}]
    assert other["title"] == "Sunset"


def test_a_watermark_is_a_binding_and_an_action_and_a_fingerprint_is_not_an_action() -> None:
    mark = SoftBinding(alg="com.adobe.trustmark.P", value="2*1010")
    print_ = SoftBinding(alg="io.iscc.v0", value="KEC", watermark=False)
    made = written(made_by_model("m", soft_bindings=(mark, print_)))
    assert [a["action"] for a in actions_of(made)] == ["c2pa.created", "c2pa.watermarked.bound"]
    (named,) = actions_of(made)[1]["parameters"].values()
    assert named == {"label": "c2pa.soft-binding", "alg": "com.adobe.trustmark.P", "value": "2*1010"}
    bindings = [a["data"] for a in made["assertions"] if a["label"] == "c2pa.soft-binding"]
    assert bindings[0] == {"alg": "com.adobe.trustmark.P", "blocks": [{"scope": {}, "value": "2*1010"}]}
    assert len(bindings) == 2
    alone = written(made_by_model("m", soft_bindings=(print_,)))
    assert [a["action"] for a in actions_of(alone)] == ["c2pa.created"]


def test_ingredients_are_named_by_the_actions_they_belong_to() -> None:
    parent = Component("parent", Relationship.PARENT)
    part = Component("part", Relationship.COMPONENT)
    inserted = Component("prompt", Relationship.INPUT)
    opened, edited, placed = actions_of(written(edited_by_model("m"), parent, part, inserted))
    assert opened["parameters"] == {"ingredientIds": ["parent"]}
    assert edited["parameters"] == {"ingredientIds": ["prompt"]}
    assert placed == {"action": "c2pa.placed", "parameters": {"ingredientIds": ["part"]}}
    (created,) = actions_of(written(made_by_model("m"), inserted))
    assert created["parameters"] == {"ingredientIds": ["prompt"]}


def test_everything_is_vouched_for() -> None:
    manifest = made_by_model("m", assertions=(Assertion(label="org.example.run", data={"id": 1}),))
    assert set(created_labels(manifest)) == {
        "c2pa.actions", "c2pa.ingredient", "c2pa.soft-binding", "org.example.run",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"assertions": []}, "no 'c2pa.actions'"),
        ({"assertions": None}, "assertions"),
        ({"assertions": ["x"]}, "list of objects"),
        ({"colour": 1}, "colour: unknown key"),
        ({"private_key": "k"}, "the key is given to sign"),
        ({"ta_url": "http://x"}, "--timestamp"),
        ({"ingredients": []}, "--ingredient"),
        ({"claim_generator_info": []}, "exactly one"),
        ({"claim_generator_info": [{"name": ""}]}, "generator.name"),
        ({"title": ""}, "title"),
        ({"title": 5}, "title"),
    ],
)
def test_definitions_that_are_wrong_at_the_top(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        load_manifest(json.dumps(document(**changes)).encode())


def edit(source: str | None, action: str = "c2pa.created") -> dict[str, Any]:
    return {"action": action} if source is None else {"action": action, "digitalSourceType": source}


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ([], "first action"),
        ([edit(None, "c2pa.edited")], "first action"),
        ([edit(None)], "needs a digitalSourceType"),
        ([edit(IPTC + "madeUp")], "digitalSourceType"),
        ([CREATED, CREATED], "one action begins"),
        ([CREATED, edit(None, "c2pa.opened")], "one action begins"),
        ([CREATED, {"action": "edited"}], "no namespace"),
        ([CREATED, {"action": "c2pa.edited", "colour": 1}], "colour"),
        ([CREATED, {"action": "c2pa.edited", "when": "yesterday"}], "when"),
        ([CREATED, "c2pa.edited"], "actions"),
    ],
)
def test_action_lists_that_the_sdk_would_sign(actions: list[Any], words: str) -> None:
    entry = {"label": "c2pa.actions.v2", "data": {"actions": actions}}
    with pytest.raises(ManifestError, match=words):
        load_manifest(json.dumps(document(assertions=[entry])).encode())


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"label": "run", "data": {}}, "no namespace"),
        ({"label": "c2pa.hash.data", "data": {}}, "written by the signer"),
        ({"label": "c2pa.ingredient.v3", "data": {}}, "written by the signer"),
        ({"label": "c2pa.thumbnail.claim", "data": {}}, "written by the signer"),
        ({"label": "cawg.identity", "data": {}}, "written by the signer"),
        ({"label": "c2pa.actions__1", "data": {}}, "written by the signer"),
        ({"label": "org.example.x", "data": "text"}, "data"),
        ({"label": "org.example.x"}, "data"),
        ({"label": "org.example.x", "data": {}, "kind": "Cbor"}, "kind"),
        ({"label": "org.example.x", "data": {"x": "y" * (1 << 20)}}, "at most"),
        ({"label": "c2pa.soft-binding", "data": {"alg": "a.b"}}, "blocks"),
        ({"label": "c2pa.soft-binding", "data": {"alg": "ab", "blocks": [{"value": "1"}]}}, "no namespace"),
        ({"label": "c2pa.soft-binding", "data": {"alg": "a.b", "blocks": [{"value": 1}]}}, "value"),
        (
            {
                "label": "c2pa.soft-binding",
                "data": {"alg": "a.b", "blocks": [{"value": "1", "scope": {"x": 1}}]},
            },
            "scope",
        ),
        ({"label": "c2pa.actions", "data": {"actions": [CREATED]}}, "given twice"),
        ({"label": 5, "data": {}}, "label"),
    ],
)
def test_assertions_that_the_sdk_would_sign(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        load_manifest(json.dumps(document(assertions=[*document()["assertions"], entry])).encode())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"title": NaN}', "NaN"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b" " * (5 << 20), "larger"),
    ],
)
def test_files_that_are_no_definition(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(ManifestError, match=words):
            load_manifest(source)
    with pytest.raises(ManifestError, match="No such file"):
        load_manifest(tmp_path / "missing.json")


def test_a_software_agent_may_be_a_bare_name() -> None:
    entry = {"label": "c2pa.actions", "data": {"actions": [CREATED | {"softwareAgent": "cam 1"}]}}
    assert load_manifest(json.dumps(document(assertions=[entry])).encode()).actions[
        0
    ].software_agent == Agent(name="cam 1")


def test_completeness_is_never_claimed_for_the_user() -> None:
    assert load_manifest(json.dumps(document()).encode()).all_actions_included is False


@pytest.mark.parametrize("wrong", [{"model": ""}, {"model": "x" * 1001}, {"model": "m", "version": ""}])
def test_templates_check_their_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(ManifestError):
        made_by_model(**wrong)


texts = st.text(min_size=1, max_size=30)
labels = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9-]{1,8}){1,3}", fullmatch=True)
agents = st.builds(Agent, name=texts, version=st.none() | texts)
steps = st.builds(
    ActionEntry,
    action=labels,
    digital_source_type=st.none() | st.sampled_from(DigitalSource),
    software_agent=st.none() | agents,
    description=st.none() | texts,
    when=st.none() | st.just("2026-01-02T03:04:05Z"),
)
made = st.builds(
    Manifest,
    actions=st.builds(
        lambda first, rest: (first, *rest),
        st.builds(
            ActionEntry, action=st.just("c2pa.created"), digital_source_type=st.sampled_from(DigitalSource)
        ),
        st.lists(steps, max_size=3),
    ),
    title=texts,
    generator=agents,
    all_actions_included=st.booleans(),
    soft_bindings=st.lists(st.builds(SoftBinding, alg=labels, value=texts), max_size=2).map(tuple),
    assertions=st.lists(
        st.builds(Assertion, label=labels.map("x.".__add__), data=st.dictionaries(texts, st.integers())),
        max_size=2,
    ).map(tuple),
)


@given(made)
def test_what_is_written_reads_back_the_same(manifest: Manifest) -> None:
    assert load_manifest(definition(manifest, "unused", ()).encode()) == manifest
