"""Checkpoints: of one run on the same data, and of no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.training.checkpoint import (  # noqa: E402
    Progress,
    digest_of,
    load_checkpoint,
    save_checkpoint,
)

CONFIG = {"rate": 0.5}


def test_a_run_goes_on_with_the_same_settings_and_data_alone(tmp_path: Path) -> None:
    path, module = tmp_path / "checkpoint.safetensors", nn.Linear(2, 1)
    save_checkpoint(path, {"module": module}, {}, Progress(7, 1.5), CONFIG, "one")
    before = {name: value.clone() for name, value in module.state_dict().items()}
    nn.init.zeros_(module.weight)
    for data in ("", "two"):
        with pytest.raises(UsageError, match="on other data; start in another folder"):
            load_checkpoint(path, {"module": module}, {}, CONFIG, data)
    with pytest.raises(UsageError, match="other settings"):
        load_checkpoint(path, {"module": module}, {}, {"rate": 0.6}, "one")
    assert not module.weight.any()
    assert load_checkpoint(path, {"module": module}, {}, CONFIG, "one") == Progress(7, 1.5)
    torch.testing.assert_close(module.state_dict(), before)


def test_digests_tell_values_types_shapes_and_order() -> None:
    x, y = np.arange(6, dtype=np.int32).reshape(2, 3), np.ones(2, np.float32)
    alike = digest_of(x.T.copy().T, torch.from_numpy(y), "a")
    assert digest_of(x, y, "a") == alike
    others = [
        digest_of(*parts)
        for parts in (
            (x, y), (y, x, "a"), (x.T, y, "a"), (x.ravel(), y, "a"), (x + 1, y, "a"), (x, y, "b"),
            (x.astype(np.int64), y, "a"), (x, y, "a", ""),
        )
    ]  # fmt: skip
    assert len({alike, *others}) == 9
