from __future__ import annotations

import re
from types import SimpleNamespace
from typing import cast

import pytest

from forensics.detectors.base import DETECTORS
from forensics.detectors.metadata import MetadataDetector
from forensics.detectors.metadata.exif import find_camera, find_inconsistencies
from forensics.detectors.metadata.rules import leaf, load_rules, match_rules, shorten
from forensics.detectors.metadata.software import ProgramKind, find_programs
from forensics.detectors.metadata.sources import find_source_types
from forensics.evidence import ClaimSource, Evidence, Grade, Origin, Question, Status
from forensics.media import Media, Metadata, Tag

UUID = "3f2b0c1e-1111-2222-3333-abcdefabcdef"
INFOTEXT = (
    "a lighthouse, oil on canvas\nNegative prompt: blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x512, Model hash: 6ce0161689"
)
NODES = '{"3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 20}}}'
GRAPH = '{"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}], "links": []}'
CAMERA = (
    Tag("exif", "Make", "NIKON CORPORATION"),
    Tag("exif", "Model", "NIKON D70"),
    Tag("exif", "ExposureTime", "1/200"),
    Tag("exif", "DateTimeOriginal", "2006:05:01 10:00:00"),
    Tag("exif", "DateTime", "2006:05:01 10:00:00"),
)


def metadata(*tags: tuple[str, str, str] | Tag) -> Metadata:
    return Metadata(tuple(t if isinstance(t, Tag) else Tag(*t) for t in tags))


def examine(
    *tags: tuple[str, str, str] | Tag, size: tuple[int, int] | None = (800, 600)
) -> dict[str, Evidence]:
    image = None if size is None else SimpleNamespace(width=size[0], height=size[1])
    media = cast("Media", SimpleNamespace(metadata=metadata(*tags), image=image))
    return {e.code: e for e in MetadataDetector().examine(media)}


GENERATED = [
    ("Stable Diffusion WebUI", "synthetic", [("png", "parameters", INFOTEXT)]),
    ("Stable Diffusion WebUI", "synthetic", [("exif", "UserComment", INFOTEXT)]),
    ("ComfyUI", "synthetic", [("png", "prompt", NODES), ("png", "workflow", GRAPH)]),
    ("ComfyUI", "synthetic", [("png", "workflow", GRAPH)]),
    ("ComfyUI", "synthetic", [("exif", "Make", f"workflow:{GRAPH}"), ("exif", "Model", f"prompt:{NODES}")]),
    (
        "ComfyUI, a graph without a sampler",
        "edited",
        [("png", "prompt", '{"1": {"class_type": "ImageScale"}}')],
    ),
    ("InvokeAI", "synthetic", [("png", "invokeai_metadata", '{"generation_mode": "txt2img"}')]),
    (
        "InvokeAI",
        "synthetic",
        [("png", "sd-metadata", '{"model": "stable diffusion", "app_id": "invoke-ai/InvokeAI"}')],
    ),
    (
        "InvokeAI (lstein/stable-diffusion)",
        "synthetic",
        [("png", "Dream", '"a cat" -s50 -S12345 -W512 -H512 -C7.5')],
    ),
    ("NovelAI", "synthetic", [("png", "Software", "NovelAI"), ("png", "Title", "AI generated image")]),
    (
        "NovelAI",
        "synthetic",
        [("png", "Comment", '{"steps": 28, "sampler": "k_euler", "seed": 7, "uc": "lowres"}')],
    ),
    ("Fooocus", "synthetic", [("png", "fooocus_scheme", "fooocus"), ("png", "parameters", "{}")]),
    ("Fooocus", "synthetic", [("png", "parameters", '{"base_model": "x", "sampler": "y", "seed": 3}')]),
    ("SwarmUI", "synthetic", [("png", "parameters", '{"sui_image_params": {"prompt": "x"}}')]),
    (
        "Easy Diffusion",
        "synthetic",
        [("png", "use_stable_diffusion_model", "sd"), ("png", "num_inference_steps", "25")],
    ),
    ("Tensor.Art", "synthetic", [("png", "generation_data", '{"models": [], "prompt": "x"}')]),
    ("Draw Things", "synthetic", [("xmp", "xmp:CreatorTool", "Draw Things")]),
    ("Midjourney", "synthetic", [("png", "Description", f"a cat --v 6.1 --ar 3:2 Job ID: {UUID}")]),
    ("Midjourney", "synthetic", [("xmp", "dc:description[1]", f"a cat Job ID: {UUID}")]),
    ("Black Forest Labs (FLUX)", "synthetic", [("exif", "Software", "AI generated;txt2img;flux")]),
    (
        "Black Forest Labs (FLUX)",
        "synthetic",
        [("exif", "Make", "Black Forest Labs"), ("exif", "Model", "flux-dev")],
    ),
    (
        "Grok",
        "synthetic",
        [("exif", "ImageDescription", f"Signature: {'aB3/' * 20}"), ("exif", "Artist", UUID)],
    ),
    ("Google AI", "synthetic", [("iptc", "Credit", "Made with Google AI")]),
    ("Google AI", "composite", [("xmp", "photoshop:Credit", "Edited with Google AI")]),
    ("Meta AI", "synthetic", [("iptc", "Credit", "Imagined with AI")]),
    ("Apple Image Playground", "synthetic", [("xmp", "photoshop:Credit", "Apple Image Playground")]),
    ("Adobe Firefly", "synthetic", [("xmp", "xmp:CreatorTool", "Adobe Firefly 3.0")]),
    (
        "Adobe Firefly, in the edit history",
        "composite",
        [("xmp", "xmpMM:History[3]/stEvt:softwareAgent", "Adobe Firefly")],
    ),
    ("OpenAI", "synthetic", [("png", "Software", "ChatGPT")]),
    ("OpenAI", "synthetic", [("xmp", "xmp:CreatorTool", "DALL·E 3")]),
    ("Microsoft image creator", "synthetic", [("exif", "Software", "Bing Image Creator")]),
    ("a generator named as the writing program", "synthetic", [("exif", "Software", "Leonardo.Ai")]),
    ("a video generator named as the writing program", "synthetic", [("container", "encoder", "Sora")]),
    (
        "a video generator named as the writing program",
        "synthetic",
        [("container", "com.apple.quicktime.software", "Runway Gen-3")],
    ),
    ("AIGC label", "synthetic", [("xmp", "TC260:AIGC", '{"Label":"1","ContentProducer":"001191"}')]),
    (
        "AIGC label",
        "synthetic",
        [("container", "AIGC", '{"ContentProducer":"x", "Label": 1, "ProduceID":"y"}')],
    ),
]

HONEST = [
    ("png", "Description", "Not made with Midjourney, DALL-E or Stable Diffusion"),
    ("xmp", "dc:description", "Talk about Midjourney. Job ID: 4711"),
    ("xmp", "dc:description", f"Job ID: {UUID} was printed on the wall behind her"),
    ("exif", "ImageDescription", "Adobe Firefly billboard, London"),
    ("exif", "ImageDescription", f"Signature: {'aB3/' * 20}"),
    ("exif", "Artist", UUID),
    ("iptc", "Credit", "Photo: J. Doe, on a screen: Made with Google AI"),
    ("exif", "UserComment", "Steps: 20 metres above the river, Sampler: water, no number"),
    ("png", "parameters", "exposure=1/20 iso=400"),
    ("png", "Comment", '{"camera": "x", "seed": 4}'),
    ("png", "prompt", "What do you see?"),
    ("png", "workflow", "scan, crop, archive"),
    ("png", "Software", "Adobe Photoshop 26.0"),
    ("exif", "Software", "Lumafusion, exported for Sora bakery"),
    ("exif", "Make", "Fluke"),
    ("container", "encoder", "Lavf61.1.100"),
    ("container", "artist", "Pikachu band"),
    ("container", "artist", "Verona Veolia"),
    ("xmp", "dc:subject", "AIGC"),
    ("xmp", "TC260:AIGC", '{"Label":"0","ContentProducer":"x"}'),
]


@pytest.mark.parametrize(("name", "origin", "tags"), GENERATED)
def test_generators_are_named(name: str, origin: str, tags: list[tuple[str, str, str]]) -> None:
    matches = match_rules(metadata(*tags))
    assert (name, origin) in [(m.rule.name, str(m.rule.origin)) for m in matches]
    evidence = examine(*tags)["metadata.generator"]
    assert evidence.grade is Grade.CLAIM
    assert evidence.llr is None
    assert (evidence.status is Status.SIGNAL) == (origin != "edited")
    assert Origin(origin) in [c.origin for c in evidence.claims]


@pytest.mark.parametrize("tag", HONEST, ids=lambda t: f"{t[0]}-{t[1]}")
def test_a_mention_is_not_a_claim(tag: tuple[str, str, str]) -> None:
    evidence = examine(tag)["metadata.generator"]
    assert evidence.status is Status.CLEAR
    assert not evidence.claims


def test_one_entry_is_told_by_one_rule() -> None:
    matches = match_rules(metadata(("png", "prompt", NODES)))
    assert [m.rule.name for m in matches] == ["ComfyUI"]


def test_every_rule_has_an_example() -> None:
    shown = {(m.rule.name, m.rule.source) for _, _, tags in GENERATED for m in match_rules(metadata(*tags))}
    missing = {(r.name, r.source) for r in load_rules() if r.origin is not None} - shown
    assert not missing, f"add an example for each new rule: {missing}"


def test_a_suspected_label_is_shown_and_claims_nothing() -> None:
    evidence = examine(("xmp", "TC260:AIGC", '{"Label":"3","ContentPropagator":"x"}'))["metadata.generator"]
    assert evidence.status is Status.CLEAR
    assert not evidence.claims
    assert "possible or suspected" in evidence.summary


def test_claims_keep_their_source_and_are_shortened() -> None:
    claims = examine(("png", "parameters", INFOTEXT + "x" * 5000))["metadata.generator"].claims
    assert [c.source for c in claims] == [ClaimSource.PNG_TEXT]
    assert len(claims[0].text) <= 120
    assert "\n" not in claims[0].text


@pytest.mark.parametrize(
    "hostile", ["{" * 200_000, '"class_type":"' * 20_000, "Steps: 1, Sampler: " * 15_000, "\x1b[2J" * 9]
)
def test_hostile_values_are_quick_and_harmless(hostile: str) -> None:
    fields = ["prompt", "workflow", "parameters", "Comment", "generation_data", "AIGC"]
    evidence = examine(*[("png", name, hostile) for name in fields])["metadata.generator"]
    assert evidence.status is Status.CLEAR
    assert shorten("a\x1b[2J\x00b\nc") == "a [2J b c"


VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.mark.parametrize(
    ("value", "origin", "question"),
    [
        (VOCABULARY + "trainedAlgorithmicMedia", Origin.SYNTHETIC, Question.SYNTHETIC),
        ("trainedAlgorithmicMedia", Origin.SYNTHETIC, Question.SYNTHETIC),
        (VOCABULARY + "compositeWithTrainedAlgorithmicMedia", Origin.COMPOSITE, Question.SYNTHETIC),
        (VOCABULARY + "digitalCapture", Origin.CAPTURED, Question.CAPTURED),
        (VOCABULARY + "humanEdits", Origin.EDITED, Question.ALTERED),
        (VOCABULARY + "digitalCreation", Origin.CREATED, Question.HISTORY),
    ],
)
def test_source_types(value: str, origin: Origin, question: Question) -> None:
    evidence = examine(("xmp", "Iptc4xmpExt:DigitalSourceType", value))["metadata.source_type"]
    assert evidence.question is question
    assert [(c.source, c.origin) for c in evidence.claims] == [(ClaimSource.XMP, origin)]


@pytest.mark.parametrize(
    "value",
    ["", "http://evil.org/trainedAlgorithmicMedia", "notTrainedAlgorithmicMedia", VOCABULARY, "x" * 10_000],
)
def test_unknown_source_types_say_nothing(value: str) -> None:
    (found,) = find_source_types(metadata(("xmp", "Iptc4xmpExt:DigitalSourceType", value)))
    assert (found.term, found.origin) == ("", None)
    assert "metadata.source_type" not in examine(("xmp", "Iptc4xmpExt:DigitalSourceType", value))


def test_a_camera_with_exposure_claims_a_capture() -> None:
    evidence = examine(*CAMERA)["metadata.camera"]
    assert evidence.question is Question.CAPTURED
    assert [(c.source, c.origin) for c in evidence.claims] == [(ClaimSource.EXIF, Origin.CAPTURED)]
    assert "NIKON D70" in evidence.summary


def test_a_camera_without_exposure_claims_nothing() -> None:
    evidence = examine(*CAMERA[:2])
    assert not evidence["metadata.camera"].claims
    assert "no_exposure" in [m.name for m in evidence["metadata.consistency"].measurements]


def test_a_generator_in_the_camera_fields_is_no_camera() -> None:
    found = examine(
        ("exif", "Make", "Black Forest Labs"), ("exif", "Model", "flux"), ("exif", "FNumber", "2.8")
    )
    assert "metadata.camera" not in found


def test_clips_name_their_camera_in_the_container() -> None:
    tags = (
        ("container", "com.apple.quicktime.make", "Apple"),
        ("container", "com.apple.quicktime.model", "iPhone 15"),
    )
    evidence = examine(*tags, size=None)["metadata.camera"]
    assert [(c.source, c.origin) for c in evidence.claims] == [(ClaimSource.CONTAINER, Origin.CAPTURED)]
    assert find_camera(metadata(tags[0])) is None


def test_programs_form_a_chain_and_editors_claim_an_edit() -> None:
    tags = (
        ("exif", "Software", "Ver.1.02"),
        ("xmp", "xmp:CreatorTool", "Adobe Photoshop 25.1 (Windows)"),
        ("xmp", "xmpMM:History[1]/stEvt:softwareAgent", "Adobe Photoshop Lightroom Classic 13.0"),
        ("xmp", "xmpMM:History[2]/stEvt:softwareAgent", "Adobe Photoshop 25.1 (Windows)"),
    )
    kinds = [p.kind for p in find_programs(metadata(*tags))]
    assert kinds == [ProgramKind.OTHER, ProgramKind.EDITOR, ProgramKind.PROCESSOR]
    evidence = examine(*tags)["metadata.software"]
    assert evidence.question is Question.HISTORY
    assert [c.origin for c in evidence.claims] == [Origin.EDITED]


def test_firmware_alone_is_no_finding() -> None:
    assert (
        examine(("exif", "Software", "Digital Camera FinePix F40fd   Ver1.01"))["metadata.software"].status
        is Status.CLEAR
    )


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("changed_before_taken", ("exif", "DateTime", "2006:04:30 10:00:00")),
        ("digitised_before_taken", ("exif", "DateTimeDigitized", "2001:01:01 10:00:00")),
        ("gps_date", ("gps", "GPSDateStamp", "2006:05:04")),
        ("make_disagrees", ("xmp", "tiff:Make", "Canon")),
        ("dimensions", ("exif", "PixelXDimension", "4000")),
    ],
)
def test_inconsistencies_are_named(name: str, tag: tuple[str, str, str]) -> None:
    base = [t for t in CAMERA if t.name != tag[1]]
    tags = [*base, Tag("exif", "PixelYDimension", "600"), Tag("exif", "PixelXDimension", "800")]
    tags = [t for t in tags if t.name != tag[1]] + [Tag(*tag)]
    assert [i.name for i in find_inconsistencies(metadata(*tags), (800, 600))] == [name]


def test_an_honest_camera_agrees_with_itself() -> None:
    tags = (
        *CAMERA,
        Tag("gps", "GPSDateStamp", "2006:04:30"),
        Tag("xmp", "tiff:Make", "Nikon Corporation"),
        Tag("exif", "PixelXDimension", "600"),
        Tag("exif", "PixelYDimension", "800"),
    )
    assert examine(*tags)["metadata.consistency"].status is Status.CLEAR


@pytest.mark.parametrize("value", ["0000:00:00 00:00:00", "yesterday", "", "9999:99:99 99:99:99", "1e999"])
def test_values_that_are_none_are_passed_over(value: str) -> None:
    names = ("DateTime", "DateTimeDigitized", "PixelXDimension", "PixelYDimension")
    tags = [*CAMERA[:4], *(Tag("exif", n, value) for n in names)]
    assert find_inconsistencies(metadata(*tags), (8, 8)) == ()


def test_broken_blocks_are_passed_on() -> None:
    found = find_inconsistencies(Metadata((), ("XMP: not well-formed",)))
    assert [(i.name, i.text) for i in found] == [("broken_block", "XMP: not well-formed")]


def test_a_bare_file_is_clear() -> None:
    evidence = examine()
    assert list(evidence) == ["metadata.generator"]
    assert evidence["metadata.generator"].status is Status.CLEAR


def test_it_is_registered_and_names_are_read() -> None:
    assert DETECTORS._members.get("metadata", MetadataDetector) is MetadataDetector
    assert leaf("xmpMM:History[2]/stEvt:softwareAgent") == "softwareagent"
    assert all(re.match(r"\S", rule.source) for rule in load_rules())
