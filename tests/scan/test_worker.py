"""The work on one file: rows that say what the audit said, whatever the file is."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.detectors.base import DETECTORS, Detector
from forensics.detectors.own.opening import open_detectors
from forensics.errors import ForensicsError, UsageError
from forensics.fingerprints import upright
from forensics.media import open_media
from forensics.provenance import TrustPolicy, sign
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import human_edit, made_by_model
from forensics.provenance.signers import PemSigner
from forensics.scan.detail import Detail
from forensics.scan.items import Item, Locator
from forensics.scan.profiles import PROFILES, profile_named, stages_of
from forensics.scan.row import State
from forensics.scan.settings import WorkSettings
from forensics.scan.worker import Worker, models_digest
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

from ..detectors.own.networks import described, means

TRIAGE = WorkSettings(profile="triage")


def item(path: Path) -> Item:
    return Item(str(path), str(path.parent), Locator("file", str(path)), path.name, 7, 1.5)


@pytest.fixture
def picture(tmp_path: Path, photo: npt.NDArray[np.uint8]) -> Path:
    path = tmp_path / "p.jpg"
    Image.fromarray(photo).save(path, quality=90)
    return path


def test_the_row_of_a_picture_has_its_codes_and_a_preview(picture: Path) -> None:
    with Worker(TRIAGE) as worker:
        outcome = worker.work(item(picture))
    row, codes = outcome.row, {c.kind: c for c in upright(open_media(picture).pixels)}
    assert (row.state, row.format, row.kind, row.profile) == (State.OK, "jpeg", "image", "triage")
    assert (row.pdq, row.dct) == (codes["pdq"].hex, codes["dct"].hex)
    assert row.sha256 == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert row.modified == 1.5
    assert row.models == models_digest()
    assert outcome.preview is not None
    (picture.parent / "preview.jpg").write_bytes(outcome.preview)
    with Image.open(picture.parent / "preview.jpg") as small:
        assert max(small.size) == 192
    assert outcome.detail is None, "there is nothing to look at"


def test_flat_pictures_have_no_codes(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "flat.png")
    with Worker(replace(TRIAGE, previews=False, details="all")) as worker:
        outcome = worker.work(item(tmp_path / "flat.png"))
    assert (outcome.row.pdq, outcome.row.dct) == ("", "")
    assert outcome.preview is None
    assert outcome.detail is not None
    assert Detail.from_packed(outcome.detail).report.media.format == "png"


def test_signed_and_marked_pictures_say_who_and_what(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = create_dev_ca(tmp_path / "ca", organisation="Example studio")
    policy = TrustPolicy.load(ca.trust)
    sign(picture, tmp_path / "s.jpg", made_by_model("m"), PemSigner(ca.chain, ca.key), policy=policy)
    key = Key(bytes(range(32)), "studio")
    save_keys([key], tmp_path / "keys.toml")
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path / "keys.toml"))
    marked = Watermarker(key).embed(camera(4, 384, 512), "c0ffee").pixels
    Image.fromarray(marked).save(tmp_path / "m.png")
    with Worker(WorkSettings(profile="standard", trust=str(ca.trust))) as worker:
        signed, found = worker.work(item(tmp_path / "s.jpg")), worker.work(item(tmp_path / "m.png"))
    row = signed.row
    assert (row.verdict, row.credential_state, row.ai_signal) == ("synthetic", "trusted", "fully")
    assert "Example studio" in row.signer + row.issuer
    assert signed.detail is not None
    row = found.row
    assert (row.verdict, row.watermark, row.stage) == ("synthetic", "watermark.found", 1)
    assert row.watermark_payload == "000c0ffee"
    assert row.watermark_p is not None
    assert row.watermark_p < 1e-6
    assert {d.detector for d in row.detectors} == {"metadata", "watermark"}, "proof settled it"


def test_the_whole_report_is_kept_for_the_files_that_were_asked_for(tmp_path: Path, picture: Path) -> None:
    ca = create_dev_ca(tmp_path / "ca")
    signer = PemSigner(ca.chain, ca.key)
    sign(picture, tmp_path / "s.jpg", human_edit("editor"), signer, policy=TrustPolicy.load(ca.trust))
    kept: dict[str, list[bool]] = {}
    for details in ("none", "findings", "all"):
        with Worker(replace(TRIAGE, details=details)) as worker:
            outcomes = [worker.work(item(path)) for path in (picture, tmp_path / "s.jpg")]
        assert {outcome.row.verdict for outcome in outcomes} == {"inconclusive"}
        kept[details] = [outcome.detail is not None for outcome in outcomes]
    assert kept == {"none": [False, False], "findings": [False, True], "all": [True, True]}


def test_settings_reach_the_audit(picture: Path) -> None:
    with Worker(replace(TRIAGE, max_pixels=picture_size(picture) - 1)) as worker:
        row = worker.work(item(picture)).row
    assert (row.state, row.reason) == (State.UNREADABLE, "limit")
    with Worker(replace(TRIAGE, max_pixels=picture_size(picture), prior=0.125)) as worker:
        assert worker.work(item(picture)).row.state is State.OK
        assert worker._auditor.prior == 0.125
    with Worker(replace(TRIAGE, store=str(picture.with_name("store")))) as worker:
        assert worker._auditor._registered is not None
    with pytest.raises(ForensicsError):
        Worker(replace(TRIAGE, calibration=str(picture)))


def picture_size(path: Path) -> int:
    with Image.open(path) as picture:
        return picture.width * picture.height


def test_a_file_that_does_not_fit_into_memory_costs_no_worker(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    with Worker(TRIAGE) as worker:
        monkeypatch.setattr(worker._reader, "open", full)
        row = worker.work(item(picture)).row
    assert (row.state, row.reason) == (State.UNREADABLE, "limit")


@pytest.mark.parametrize(
    ("locator", "reason"),
    [
        (Locator("file", "/nonexistent.jpg"), "not_a_file"),
        (Locator("file", "/etc"), "not_a_file"),
        (Locator("file", "/dev/zero"), "not_a_file"),
        (Locator("refused", reason="archive_nested", message="no"), "archive_nested"),
        (Locator("zip", "/nonexistent.zip", "a.jpg"), "not_a_file"),
    ],
)
def test_what_cannot_be_had_is_unreadable_with_a_reason(locator: Locator, reason: str) -> None:
    with Worker(TRIAGE) as worker:
        row = worker.work(Item("an id", "s", locator, "x.jpg")).row
    assert (row.id, row.state, row.reason, row.verdict) == ("an id", State.UNREADABLE, reason, "unreadable")
    assert row.message


def test_a_list_of_hashes_names_what_it_knows(picture: Path, tmp_path: Path) -> None:
    digest = hashlib.md5(picture.read_bytes(), usedforsecurity=False).hexdigest()
    (tmp_path / "known.md5").write_text(f"{digest}  whatever.jpg\n")
    with Worker(replace(TRIAGE, hash_lists=(str(tmp_path / "known.md5"),))) as worker:
        (match,) = worker.work(item(picture)).row.matches
    assert (match.kind, match.value) == ("md5", digest)


def test_a_list_of_hashes_names_what_cannot_be_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"cut off, and known")
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    (tmp_path / "known.md5").write_text(f"{digest}  whatever.mp4\n")
    with Worker(replace(TRIAGE, hash_lists=(str(tmp_path / "known.md5"),))) as worker:
        row = worker.work(item(path)).row
    assert (row.state, row.md5) == (State.UNREADABLE, digest)
    assert [match.value for match in row.matches] == [digest]


def test_profiles_hold_detectors_that_exist() -> None:
    known = set(DETECTORS.names())
    for profile in PROFILES.values():
        stages = stages_of(profile)
        assert {d.info.name for stage in stages for d in stage} <= known
    assert {d.info.name for d in stages_of(PROFILES["deep"])[0]} == known
    with pytest.raises(UsageError, match="no profile"):
        profile_named("thorough")


def names_of(stages: tuple[tuple[Detector, ...], ...]) -> list[list[str]]:
    return [[detector.info.name for detector in stage] for stage in stages]


def test_detectors_named_take_the_place_of_those_of_the_profile() -> None:
    for profile in PROFILES.values():
        assert names_of(stages_of(profile, ["residual", "metadata"])) == [["metadata", "residual"]]
        assert names_of(stages_of(profile, ["residual", "metadata"], ["residual"])) == [["metadata"]]


def test_detectors_left_out_are_in_no_stage() -> None:
    plain, kept = (names_of(stages_of(PROFILES["standard"], (), skip)) for skip in ((), ("watermark", "dct")))
    assert [name for stage in plain for name in stage].count("watermark") == 2
    assert kept == [["metadata"], [name for name in plain[1] if name != "dct"]]
    every = names_of(stages_of(PROFILES["deep"], (), ["watermark"]))[0]
    assert set(every) == set(DETECTORS.names()) - {"watermark"}


@pytest.mark.parametrize(
    ("only", "skip", "said"),
    [((), ("metadata",), "leave no detector"), (("x",), (), "called x"), ((), ("x",), "called x")],
)
def test_detectors_that_are_none_are_refused(only: tuple[str, ...], skip: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        stages_of(PROFILES["triage"], only, skip)


def test_detectors_of_the_user_join_the_second_stage_or_make_one(picture: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = described(tmp_path, means(), given={"size": "native"})
    own = open_detectors([path])
    assert names_of(stages_of(PROFILES["triage"], own=own)) == [["metadata"], ["mine"]]
    first, second, third = names_of(stages_of(PROFILES["standard"], own=own))
    assert (second[-1], "mine" in first + third) == ("mine", False)
    assert "mine" in names_of(stages_of(PROFILES["deep"], own=own))[0]
    with Worker(replace(TRIAGE, own=(str(path),))) as worker:
        row = worker.work(item(picture)).row
    assert [d.detector for d in row.detectors] == ["metadata", "mine"]


@pytest.mark.parametrize(
    "wrong",
    [{"profile": "x"}, {"details": "some"}, {"file_seconds": 0.5}, {"file_memory": 1}, {"max_pixels": 0}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        WorkSettings(**wrong)  # type: ignore[arg-type]


def test_settings_come_back_from_their_record() -> None:
    chosen = WorkSettings(profile="deep", only=("dct",), skip=("jpeg",), own=("d.toml",))
    settings = replace(chosen, hash_lists=("a", "b"), hooks=("h",), prior=0.2)
    assert WorkSettings.from_record(settings.as_record()) == settings
    assert settings.digest != WorkSettings().digest
