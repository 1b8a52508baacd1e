"""The names that `forensics.watermark` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import forensics.watermark


def test_names_are_the_real_objects() -> None:
    for name in forensics.watermark.__all__:
        assert getattr(forensics.watermark, name).__module__.startswith("forensics.watermark."), name
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = forensics.watermark.no_such_name


def test_import_costs_nothing() -> None:
    code = (
        "import sys, forensics.watermark\n"
        "assert not {'cv2', 'numpy'} & set(sys.modules)\n"
        "from forensics.watermark import *\n"
        "assert Watermarker and detect and embed_and_verify and key_ring\n"
        "assert not {'cv2', 'torch', 'scipy', 'skimage'} & set(sys.modules), 'heavy'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
