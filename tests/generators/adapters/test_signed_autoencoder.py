"""Autoencoders of diffusers that sign: as the file does that was trained for them, and for no other."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
pytest.importorskip("onnxruntime")

from forensics.errors import ModelError, UsageError  # noqa: E402
from forensics.generators.adapters.autoencoders import decoder_digest, open_autoencoder  # noqa: E402
from forensics.generators.adapters.signed_autoencoder import sign_autoencoder  # noqa: E402
from forensics.runtime.sessions import Session  # noqa: E402
from forensics.watermark.decoders import signature  # noqa: E402
from forensics.watermark.issuing import issue  # noqa: E402
from forensics.watermark.keys import Key  # noqa: E402
from forensics.watermark.watermarker import detect  # noqa: E402
from tests.bundles import written  # noqa: E402
from tests.cli.commands import run  # noqa: E402

KEY = Key(b"v" * 32)
SIGNS = signature(KEY, "c0ffee")
LATENTS = 0.1 * torch.randn(2, 4, 64, 64, generator=torch.Generator().manual_seed(0))


def small(seed, scaling=0.5):
    torch.manual_seed(seed)
    found = diffusers.AutoencoderKL(
        block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=4, scaling_factor=scaling,
        mid_block_add_attention=False,
    )  # fmt: skip
    torch.nn.init.normal_(
        found.decoder.conv_out.weight, std=0.02
    )  # pictures of a few grey levels about a mean
    return found


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A small autoencoder, and a decoder that the command taught to sign for it."""
    folder = tmp_path_factory.mktemp("autoencoder")
    small(0).save_pretrained(folder / "vae")
    command = ["train", "decoder", str(folder / "signing"), "--of", f"diffusers:{folder / 'vae'}"]
    assert run(*command, "--preset", "smoke", "--steps", "12", "--most", "16", "--side", "64") == 0
    return folder


@pytest.fixture
def vae(taught):
    return open_autoencoder(taught / "vae")


def decoded(vae, latents):
    with torch.no_grad():
        return (vae.decode(latents).sample / 2 + 0.5).numpy()


def test_pictures_are_those_of_the_file_that_was_trained(taught, vae):
    plain = decoded(vae, LATENTS)
    signed = decoded(sign_autoencoder(vae, taught / "signing", SIGNS, side=64), LATENTS)
    told = json.loads((taught / "signing" / "signing.json").read_text())
    strengths = {one["side"]: one["strength"] for one in told["strengths"]}
    session = Session((taught / "signing" / "signing.onnx").read_bytes())
    (found,) = session(0.5 * LATENTS.numpy(), np.float32(strengths[64]) * SIGNS.tile[None])
    assert np.abs(found - signed).max() < 1e-4
    assert np.abs(signed - plain).max() > 1e-2


def test_pictures_carry_the_mark_and_the_encoder_is_as_it_was(taught, vae):
    before = {name: value.clone() for name, value in vae.encoder.state_dict().items()}
    signed = decoded(sign_autoencoder(vae, taught / "signing", SIGNS, strength=3.0), LATENTS)
    other = decoded(open_autoencoder(taught / "vae"), LATENTS)
    for marked, plain in zip(_pixels(signed), _pixels(other), strict=True):
        found = detect(marked, [KEY])
        assert found.detected
        assert found.payload == SIGNS.payload
        assert not detect(plain, [KEY]).detected
    assert all(torch.equal(value, before[name]) for name, value in vae.encoder.state_dict().items())


def test_what_was_issued_signs_as_the_key_does(taught, vae):
    told = json.loads((taught / "signing" / "signing.json").read_text())
    own = issue(KEY, "ada", "c0ffee", told["sha256"])
    found = decoded(sign_autoencoder(vae, taught / "signing", own), LATENTS)
    by_key = decoded(sign_autoencoder(open_autoencoder(taught / "vae"), taught / "signing", SIGNS), LATENTS)
    assert np.abs(found - by_key).max() < 1e-3
    other = issue(KEY, "ada", "c0ffee", "ab" * 32)
    with pytest.raises(UsageError, match="'ada' is for another"):
        sign_autoencoder(open_autoencoder(taught / "vae"), taught / "signing", other)


def test_half_precision_signs_and_keeps_its_type(taught):
    vae = open_autoencoder(taught / "vae").half()
    signed = sign_autoencoder(vae, taught / "signing", SIGNS)
    assert {values.dtype for values in (*signed.parameters(), *signed.buffers())} == {torch.float16}


def test_tiles_of_a_picture_would_break_the_pattern_and_are_switched_off(taught, vae):
    vae.enable_tiling()
    assert not sign_autoencoder(vae, taught / "signing", SIGNS).use_tiling


def test_another_autoencoder_is_refused_and_left_as_it_was(taught):
    other = small(1)
    before = decoder_digest(other)
    with pytest.raises(UsageError, match="another autoencoder"):
        sign_autoencoder(other, taught / "signing", SIGNS)
    assert decoder_digest(other) == before


def test_nothing_signs_twice(taught, vae):
    sign_autoencoder(vae, taught / "signing", SIGNS)
    with pytest.raises(UsageError, match="signs already"):
        sign_autoencoder(vae, taught / "signing", SIGNS)


@pytest.mark.parametrize("change", ["nothing of a decoder", "weights of another"])
def test_a_broken_folder_is_refused_and_nothing_is_changed(taught, vae, tmp_path, change):
    shutil.copytree(taught / "signing", tmp_path / "signing")
    files = {
        name: (tmp_path / "signing" / name).read_bytes() for name in ("signing.json", "weights.safetensors")
    }
    if change == "nothing of a decoder":
        files["signing.json"] = b"{}"
    else:
        from safetensors.torch import save

        files["weights.safetensors"] = save({"scale": torch.ones(())})
    folder, before = written(tmp_path / "broken", files), decoder_digest(vae)
    with pytest.raises(ModelError):
        sign_autoencoder(vae, folder, SIGNS)
    assert decoder_digest(vae) == before


def test_the_digest_is_of_what_decodes_alone():
    first, same, other = small(0), small(0, scaling=0.1), small(1)
    torch.nn.init.zeros_(same.encoder.conv_in.weight)
    assert decoder_digest(first) == decoder_digest(same) == decoder_digest(small(0).half())
    assert decoder_digest(first) != decoder_digest(other)


def _pixels(pictures):
    return np.rint(255 * pictures.clip(0, 1)).astype(np.uint8).transpose(0, 2, 3, 1)
