"""What rows depend on: each of it, once changed, keeps them from mixing with those of before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forensics.errors import UsageError
from forensics.provenance.dev_ca import create_dev_ca
from forensics.scan import identity
from forensics.scan.identity import identity_of
from forensics.scan.settings import WorkSettings
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key

SETTINGS = WorkSettings(profile="triage")


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


@pytest.mark.parametrize(
    "change",
    [
        {"prior": 0.1},
        {"max_pixels": 9},
        {"file_seconds": 7.0},
        {"file_memory": 1 << 30},
        {"store": "s"},
        {"calibration": "c"},
    ],
)
def test_every_setting_counts(change: dict[str, Any]) -> None:
    other = replace(SETTINGS, **change)
    assert other.digest != SETTINGS.digest
    assert changed(identity_of(SETTINGS), identity_of(other)) == {"settings"}


def test_what_files_say_counts_and_not_what_they_are_called(tmp_path: Path) -> None:
    known = tmp_path / "known.md5"
    known.write_text(f"{'0' * 32}\n")
    settings = replace(SETTINGS, hash_lists=(str(known),), trust=str(create_dev_ca(tmp_path / "ca").trust))
    before = identity_of(settings)
    assert identity_of(settings) == before
    known.write_text(f"{'1' * 32}\n")
    assert changed(before, identity_of(settings)) == {"hash_lists"}
    known.write_text(f"{'0' * 32}\n")
    (tmp_path / "ca").rename(tmp_path / "old")
    create_dev_ca(tmp_path / "ca")
    assert changed(before, identity_of(settings)) == {"trust"}
    known.unlink()
    with pytest.raises(UsageError, match=r"list of hashes .*known\.md5 cannot be read"):
        identity_of(settings)


def test_keys_versions_and_weights_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity_of(SETTINGS)
    changes: dict[str, tuple[str, Callable[..., object] | str]] = {
        "suite": ("__version__", "0"),
        "rows": ("ROW_VERSION", "0"),
        "models": ("models_digest", lambda: "other"),
        "stages": ("stages_for", lambda _: ()),
    }
    for name, (attribute, value) in changes.items():
        with monkeypatch.context() as patch:
            patch.setattr(identity, attribute, value)
            assert changed(before, identity_of(SETTINGS)) == {name}
    save_keys([Key(bytes(32), "studio")], tmp_path / "keys.toml")
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path / "keys.toml"))
    assert changed(before, identity_of(SETTINGS)) == {"keys"}
