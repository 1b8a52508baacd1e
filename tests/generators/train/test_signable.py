"""Decoders taken out of trained models, against the files that draw with them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import MissingExtra, UsageError  # noqa: E402
from forensics.generators.pipelines.opening import DECODER, ENCODER, GENERATOR, network_of  # noqa: E402
from forensics.generators.train.signable import signable  # noqa: E402
from forensics.runtime.store import bundled  # noqa: E402

PICTURES = np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3), dtype=np.uint8)


def test_a_codec_decodes_as_its_file_does_and_has_latents_of_two_sizes():
    codec = bundled("codec")
    found = signable("codec", PICTURES)
    large, small = found.latents
    assert large.shape[2:] == (16, 16)
    assert (len(large), small.shape[2:]) == (9, (8, 8))
    encoded = network_of(codec, ENCODER)(PICTURES.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    assert np.abs(large - encoded).max() < 1e-3
    with torch.no_grad():
        pictures = found.decoder(torch.from_numpy(large)).numpy()
    assert np.abs(pictures - network_of(codec, DECODER)(large)).max() < 1e-3
    assert (found.file, found.sha256) == (DECODER, codec.card["files"][DECODER])


def test_models_that_draw_in_its_latents_are_mixed_in():
    plain, mixed = signable("codec", PICTURES), signable("codec", PICTURES, ["flow"])
    assert len(mixed.latents) == 3
    assert mixed.latents[2].shape[1:] == (12, 16, 16)
    assert np.abs(mixed.latents[2]).max() > 0.5
    assert mixed.digest != plain.digest
    assert mixed.digest == signable("codec", PICTURES, ["flow"]).digest
    for name in ("gan", "video"):
        with pytest.raises(UsageError, match="does not draw in the latents"):
            signable("codec", PICTURES, [name])


def test_only_codecs_and_gans_without_classes_sign():
    for name in ("flow", "video"):
        with pytest.raises(UsageError, match="what signs is a codec or a GAN"):
            signable(name, PICTURES)
    with pytest.raises(UsageError, match="classes"):
        signable("gan", PICTURES)
    with pytest.raises(UsageError, match="no model"):
        signable("nothing", PICTURES)


def test_a_gan_paints_as_its_file_does(tmp_path):
    from forensics.generators.train.corpus import Corpus
    from forensics.generators.train.families import FAMILIES
    from tests.generators.train.trained import trained

    run = FAMILIES["gan"].presets["smoke"]
    trained("gan", run, tmp_path / "gan", Corpus(PICTURES[:, :16, :16].copy()))
    found = signable(str(tmp_path / "gan"), PICTURES)
    (noise,) = found.latents
    from forensics.generators.pipelines.opening import open_model

    made = network_of(open_model(tmp_path / "gan"), GENERATOR)(noise[:4])
    with torch.no_grad():
        pictures = found.decoder(torch.from_numpy(noise[:4])).numpy()
    assert np.abs(pictures - (made + 1) / 2).max() < 1e-3
    with pytest.raises(UsageError, match="noise for latents"):
        signable(str(tmp_path / "gan"), PICTURES, ["flow"])


def test_an_autoencoder_of_diffusers_decodes_as_it_does_itself(tmp_path):
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    model = diffusers.AutoencoderKL(
        block_out_channels=(16, 32), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=8, scaling_factor=0.5,
    )  # fmt: skip
    model.save_pretrained(tmp_path / "vae")
    found = signable(f"diffusers:{tmp_path / 'vae'}", PICTURES)
    large, small = (torch.from_numpy(group) for group in found.latents)
    assert (large.shape, small.shape[2:]) == ((9, 4, 32, 32), (16, 16))
    with torch.no_grad():
        assert torch.allclose(found.decoder(small), (model.decode(small / 0.5).sample + 1) / 2, atol=1e-5)


def test_without_diffusers_or_a_folder_it_is_said(tmp_path):
    try:
        import diffusers  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtra):
            signable(f"diffusers:{tmp_path}", PICTURES)
    else:
        with pytest.raises(UsageError, match=r"config\.json"):
            signable(f"diffusers:{tmp_path}", PICTURES)
