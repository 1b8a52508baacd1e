"""URLs: nothing secret is shown, and private addresses are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.scan.reading.urls import host_of, is_public, is_url, name_of, protocol_of, redacted

SECRETS = (
    "X-Amz-Signature", "x-amz-security-token", "X-Goog-Credential", "AWSAccessKeyId", "Signature", "sig",
    "se", "Expires", "access_token", "api_key", "password", "pwd", "client-secret", "Policy",
    "Key-Pair-Id", "auth",
)  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_signatures_and_tokens_are_not_shown(name: str) -> None:
    url = f"https://example.org/a.jpg?width=20&{name}=opensesame&page=2#opensesame"
    assert redacted(url) == "https://example.org/a.jpg?width=20&page=2"
    hidden = "".join(f"%{ord(letter):02x}" for letter in name)
    assert "opensesame" not in redacted(f"https://example.org/?{hidden}=opensesame")


@given(st.text("abc:@/?&=%", max_size=8), st.text("abc:/", max_size=8))
def test_users_and_passwords_are_not_shown(before: str, after: str) -> None:
    shown = redacted(f"https://user:{before.replace('/', '').replace('?', '')}opensesame@example.org/{after}")
    assert "opensesame" not in shown
    assert shown.startswith("https://")


@pytest.mark.parametrize(
    ("url", "shown", "name"),
    [
        ("S3://bucket/a b#c?d=e.jpg", "s3://bucket/a b#c?d=e.jpg", "a b#c"),
        ("https://example.org", "https://example.org", ""),
        ("https://example.org?token=1/2", "https://example.org", ""),
        ("https://example.org/?a=b/c&d", "https://example.org/?a=b/c&d", ""),
        ("https://example.org/d/%C3%A9.jpg?x=1", "https://example.org/d/%C3%A9.jpg?x=1", "é.jpg"),
        ("http://example.org/\udce9", "http://example.org/\\xe9", "\\xe9"),
    ],
)
def test_the_rest_stays(url: str, shown: str, name: str) -> None:
    assert redacted(url) == shown
    assert name_of(url) == name


def test_paths_are_no_urls() -> None:
    assert [is_url(text) for text in ("s3://b", "https://x", "C:\\a", "a/b://c", "file:x", "://")] == [
        True
    ] * 2 + [False] * 4
    assert protocol_of("HTTPS://x") == "https"
    assert host_of("https://me:secret@Example.org:81/x") == "example.org:81"
    assert host_of("https://[broken") == ""


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.20.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("localhost", False),
    ],
)
def test_private_addresses_are_known(address: str, public: bool) -> None:
    assert is_public(address) is public
