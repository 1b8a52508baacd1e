"""Decoders taken out of trained models, against the files that draw with them."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import MissingExtra, UsageError  # noqa: E402
from forensics.generators.adapters.autoencoders import decoder_digest  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.opening import (  # noqa: E402
    DECODER,
    ENCODER,
    GENERATOR,
    network_of,
    open_model,
    pipeline_of,
)
from forensics.generators.pipelines.signing import Signing, signed_decoder  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.signable import signable  # noqa: E402
from forensics.runtime.store import bundled  # noqa: E402
from forensics.training.card import Card  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.watermark.decoders import Signature, signature  # noqa: E402
from forensics.watermark.keys import Key  # noqa: E402
from forensics.watermark.train.decoders.finish import Stands, finish  # noqa: E402
from forensics.watermark.train.decoders.run import DecoderRun, SigningRun  # noqa: E402
from tests.generators.train.trained import trained  # noqa: E402

KEY = Key(b"g" * 32)
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


def test_only_codecs_and_gans_sign():
    for name in ("flow", "video"):
        with pytest.raises(UsageError, match="what signs is a codec or a GAN"):
            signable(name, PICTURES)
    with pytest.raises(UsageError, match="no model"):
        signable("nothing", PICTURES)


def test_a_gan_paints_as_its_file_does(tmp_path):
    run = FAMILIES["gan"].presets["smoke"]
    trained("gan", run, tmp_path / "gan", Corpus(PICTURES[:, :16, :16].copy()))
    found = signable(str(tmp_path / "gan"), PICTURES)
    (noise,) = found.latents
    made = network_of(open_model(tmp_path / "gan"), GENERATOR)(noise[:4])
    with torch.no_grad():
        pictures = found.decoder(torch.from_numpy(noise[:4])).numpy()
    assert np.abs(pictures - (made + 1) / 2).max() < 1e-3
    with pytest.raises(UsageError, match="noise for latents"):
        signable(str(tmp_path / "gan"), PICTURES, ["flow"])


def test_a_gan_with_classes_has_their_numbers_in_its_latents():
    found = signable("gan", PICTURES)
    (latents,) = found.latents
    assert latents.shape[1:] == (65,)
    assert set(latents[:, -1]) == {0.0, 1.0}
    gan = bundled("gan")
    made = network_of(gan, GENERATOR)(latents[:6, :-1].copy(), latents[:6, -1].astype(np.int64))
    with torch.no_grad():
        pictures = found.decoder(torch.from_numpy(latents[:6])).numpy()
    assert np.abs(pictures - (made + 1) / 2).max() < 1e-3
    assert (found.file, found.sha256) == (GENERATOR, gan.card["files"][GENERATOR])


@pytest.mark.parametrize("names", [(), ("one", "other")])
def test_a_gan_by_styles_signs_what_it_draws(tmp_path, names):
    model = replace(FAMILIES["gan"].presets["smoke"].model, kind="style")
    run = replace(FAMILIES["gan"].presets["smoke"], model=model)
    labels = np.arange(len(PICTURES)) % 2 if names else None
    trained("gan", run, tmp_path / "gan", Corpus(PICTURES[:, :16, :16].copy(), labels, names))
    found = signable(str(tmp_path / "gan"), PICTURES)
    bundle = open_model(tmp_path / "gan")
    pipeline = pipeline_of(bundle)
    once = DecoderRun(Schedule(steps=1, batch=2, rate=1e-6, warm_up=1, every=9), tried=1)
    task = SigningRun(once, found.decoder, found.latents, torch.device("cpu"))
    stands = Stands(found.file, found.sha256)
    (tmp_path / "signing").mkdir()
    card = Card("test", "Signs.", "none", "noise", "none", "a test", {}, 2, "cpu")
    finish(task, fit(task, tmp_path), stands, tmp_path / "signing", card)
    decoder = signed_decoder(bundle, tmp_path / "signing")
    plain = np.stack(list(pipeline.sample(Request(3, seed=1)))).astype(int)
    for tile, least, most in ((np.zeros((64, 64)), 0, 2), (signature(KEY, "a").tile, 3, 255)):
        said = Signature(signature(KEY, "a").payload, tile.astype(np.float32))
        marked = np.stack(
            list(Signing(pipeline, decoder, lambda _, said=said: said).sample(Request(3, seed=1)))
        )
        assert least <= np.abs(marked - plain).max() <= most


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
        assert found.weights == decoder_digest(model)
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
