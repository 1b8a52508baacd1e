"""Options that say what files are marked with, and the marker that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forensics.cli.stamping import timestamp_of, timestamp_options
from forensics.cli.store.options import place_option
from forensics.cli.watermark.options import codec_option, layout_option, psnr_option
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.marking import Marker
    from forensics.provenance.signers import PemSigner

__all__ = ["identity_options", "marker_of", "strength_options"]

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)


def identity_options(function: F) -> F:
    """Add `--keys`, `--key-name`, `--cert`, `--key`, `--trust`, `--store` and `--timestamp`."""
    for option in (
        timestamp_options,
        place_option,
        click.option("--trust", type=FILE, help="Trust policy (TOML) for reading back."),
        click.option("--key", type=FILE, help="Private key of the leaf (PEM); goes with --cert."),
        click.option("--cert", type=FILE, help="Certificate chain (PEM, leaf first); your own if not given."),
        click.option("--key-name", help="Name or id of the watermark key, if there are several."),
        click.option(
            "--keys", type=click.Path(path_type=Path), multiple=True,
            help="File or folder of watermark keys (repeatable); your own identity if not given.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def strength_options(function: F) -> F:
    """Add `--layout`, `--psnr` and `--codec`."""
    return layout_option(psnr_option(codec_option(function)))


def marker_of(
    model: str, version: str | None, options: dict[str, Any], *, origin: str = "synthetic"
) -> Marker:
    """Return the marker that options describe; what none names is the user's own identity.

    Args:
        model: Name of the model.
        version: Its version.
        options: Those of `identity_options`, and of `strength_options` where a command has them.
        origin: What the watermarks are to say of a picture, where the key is the user's own.

    Raises:
        UsageError: Options contradict one another, or the keys do not say which one to use.
        ForensicsError: As for `own_identity` and `Marker`.
    """
    from forensics.cli.watermark.options import one_key
    from forensics.marking import Marker, Profile, own_identity
    from forensics.provenance import TrustPolicy
    from forensics.provenance.signers import PemSigner

    if (options["cert"] is None) != (options["key"] is None):
        raise UsageError("--cert and --key go together: a certificate chain and the private key of its leaf")
    signer, place, timestamp = _signer(options), options["place"], timestamp_of(options)
    keys = options["keys"] or options["key_name"]
    key = one_key(options["keys"], options["key_name"]) if keys else None
    policy = None if options["trust"] is None else TrustPolicy.load(options["trust"])
    if key is None or signer is None or place is None:
        own = own_identity(origin)  # made only where something of it is needed
        key, place, policy = key or own.key, place or own.store, policy or own.policy
        signer = signer or PemSigner(own.ca.chain, own.ca.key)
    strength = {name: options[name] for name in ("layout", "psnr", "codec") if name in options}
    policy = policy or TrustPolicy.resolve()
    return Marker(Profile(key, signer, place, model, version, policy, timestamp=timestamp, **strength))


def _signer(options: dict[str, Any]) -> PemSigner | None:
    from forensics.cli.credentials._passphrase import passphrase
    from forensics.provenance.signers import PemSigner

    if options["cert"] is None:
        return None
    return PemSigner(options["cert"], options["key"], passphrase(options["key"]))
