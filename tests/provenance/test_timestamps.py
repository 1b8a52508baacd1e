"""Time stamps: asked for only when told to, never pretended, and never a reason to lose a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forensics.errors import (
    SigningError,
    TimestampError,
    UsageError,
)
from forensics.provenance.manifests import made_by_model
from forensics.provenance.reading import read
from forensics.provenance.report import CredentialState
from forensics.provenance.signers import CallbackSigner, PemSigner
from forensics.provenance.signing import TimestampPolicy, sign
from forensics.provenance.trust import ListKind, TrustList, TrustPolicy

MODEL = made_by_model("test-model", "1")


def test_a_time_stamp_is_got_and_vouched_for(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, tsa: Any
) -> None:
    anchors = TrustList(name="tsa", kind=ListKind.TSA, pem=tsa.root_pem.decode())
    both = policy.model_copy(update={"lists": (*policy.lists, anchors)})
    served = len(tsa.served)
    result = sign(
        picture, tmp_path / "out.jpg", MODEL, signer, policy=both, timestamp=TimestampPolicy(tsa.url)
    )
    assert (result.timestamped, result.timestamp_problem) == (True, "")
    assert len(tsa.served) == served + 1
    signed = read(result.path, both).signed_time
    assert signed is not None
    assert signed.trusted


def test_nobody_is_asked_for_a_time_unasked(
    picture: Path, tmp_path: Path, signer: PemSigner, policy: TrustPolicy, tsa: Any
) -> None:
    served = len(tsa.served)
    assert not sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy).timestamped
    assert len(tsa.served) == served


@pytest.mark.parametrize("kind", ["stale", "forged"])
def test_a_time_stamp_of_something_else_or_by_nobody_is_none(
    kind: str,
    picture: Path,
    tmp_path: Path,
    signer: PemSigner,
    policy: TrustPolicy,
    tsa: Any,
    nothing_changes: Any,
) -> None:
    sign(picture, tmp_path / "1.jpg", MODEL, signer, policy=policy, timestamp=TimestampPolicy(tsa.url))
    wrong = tsa.url + kind
    with nothing_changes(tmp_path), pytest.raises(TimestampError):
        sign(picture, tmp_path / "2.jpg", MODEL, signer, policy=policy, timestamp=TimestampPolicy(wrong))
    result = sign(
        picture, tmp_path / "2.jpg", MODEL, signer, policy=policy,
        timestamp=TimestampPolicy(wrong, required=False),
    )  # fmt: skip
    assert not result.timestamped
    assert result.timestamp_problem
    assert result.state is CredentialState.TRUSTED


@pytest.mark.parametrize("url", ["ftp://x/", "x", "", "http://a b/", "http://a\n/"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError):
        TimestampPolicy(url)


def test_another_fault_is_not_blamed_on_the_authority(
    picture: Path, tmp_path: Path, pki: Any, policy: TrustPolicy, closed_port: int, nothing_changes: Any
) -> None:
    def kms(_: bytes) -> bytes:
        raise RuntimeError("no access")

    signer = CallbackSigner(kms, "es256", pki.leaf().chain)
    timestamp = TimestampPolicy(f"http://127.0.0.1:{closed_port}/")
    with nothing_changes(tmp_path), pytest.raises(SigningError, match="no access") as caught:
        sign(picture, tmp_path / "out.jpg", MODEL, signer, policy=policy, timestamp=timestamp)
    assert not isinstance(caught.value, TimestampError)
