"""Reading opens no connection.

The SDK is native code, so nothing that Python can patch would see its sockets. What proves it here: a
listener on the loopback interface, named by the files themselves (with a control that shows the SDK calling
it when left to its defaults); a process without any network, which sees the same states; and, where
`strace` is installed, the list of system calls.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import c2pa
import pytest

from forensics.provenance import CredentialState, TrustPolicy, read
from forensics.provenance._sdk import safe_settings

State = CredentialState

READ_ALL = """
import json, sys
from pathlib import Path
from forensics.provenance import TrustPolicy, read
files = sorted(Path(p) for p in sys.argv[1:])
print(json.dumps([read(f, TrustPolicy.default()).state.value for f in files]))
"""


@dataclass
class Listener:
    """A web server that counts who calls."""

    port: int = 0
    calls: list[str] = field(default_factory=list)
    body: bytes = b""
    redirect: str = ""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/store.c2pa"


@pytest.fixture
def listener() -> Iterator[Listener]:
    state = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.calls.append(self.path)
            if state.redirect and not self.path.startswith("/redirected"):
                self.send_response(302)
                self.send_header("Location", state.redirect)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/c2pa")
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def remote_only(forge, jpeg, listener: Listener, tmp_path: Path) -> Path:
    """Write a file whose credentials stand at the listener only."""
    stores: list[bytes] = []
    path = tmp_path / "remote.jpg"
    path.write_bytes(forge.sign(jpeg, remote=listener.url, embed=False, store=stores))
    listener.body = stores[0]
    return path


def test_the_listener_hears_the_sdk_left_to_its_defaults(remote_only: Path, listener: Listener) -> None:
    with c2pa.Reader("image/jpeg", io.BytesIO(remote_only.read_bytes()), context=c2pa.Context()) as reader:
        assert reader.get_validation_state() == "Valid"
    assert listener.calls == ["/store.c2pa"]


def test_p1_remote_manifest_is_named_but_not_fetched(remote_only: Path, listener: Listener, pki) -> None:
    for policy in (TrustPolicy.default(), pki.policy):
        report = read(remote_only, policy)
        assert (report.state, report.remote_url) == (State.REMOTE_DECLARED, listener.url)
        assert report.manifests == ()
    assert listener.calls == []


def test_embedded_credentials_that_name_an_address_too(
    forge, jpeg, pki, listener: Listener, read_bytes
) -> None:
    report = read_bytes(forge.sign(jpeg, remote=listener.url), pki.policy)
    assert report.state is State.TRUSTED
    assert report.embedded
    assert listener.calls == []


def test_a_policy_may_allow_one_host(remote_only: Path, listener: Listener, pki) -> None:
    allowed = pki.policy.model_copy(update={"allow_network": True, "allowed_hosts": (listener.host,)})
    report = read(remote_only, allowed)
    assert (report.state, report.embedded) == (State.TRUSTED, False)
    assert f"fetched from {listener.url}" in report.message
    assert listener.calls == ["/store.c2pa"]
    other = allowed.model_copy(update={"allowed_hosts": ("example.org", "127.0.0.1:1")})
    report = read(remote_only, other)
    assert (report.state, report.remote_url) == (State.REMOTE_DECLARED, listener.url)
    assert listener.calls == ["/store.c2pa"]


def refusal(path: Path, settings: dict[str, Any]) -> str:
    """Read with the bare SDK and return why it did not fetch the credentials."""
    context = c2pa.Context.from_dict(settings)
    with pytest.raises(c2pa.C2paError) as caught:
        c2pa.Reader("image/jpeg", io.BytesIO(path.read_bytes()), context=context)
    return str(caught.value)


def test_nothing_is_fetched_even_from_a_host_on_the_list(remote_only: Path, listener: Listener) -> None:
    """Two settings forbid it, the list of hosts and the switch: here the switch is alone."""
    settings = safe_settings(TrustPolicy.default())
    settings["core"]["allowed_network_hosts"] = [listener.host]
    assert "must fetch remote manifests" in refusal(remote_only, settings)
    assert listener.calls == []


def test_nothing_is_fetched_from_a_host_off_the_list(remote_only: Path, listener: Listener) -> None:
    settings = safe_settings(TrustPolicy.default())
    settings["verify"]["remote_manifest_fetch"] = True
    assert "not permitted by the allowed list" in refusal(remote_only, settings)
    assert listener.calls == []


def test_redirects_are_not_followed(remote_only: Path, listener: Listener, pki) -> None:
    listener.redirect = f"http://{listener.host}/redirected.c2pa"
    allowed = pki.policy.model_copy(update={"allow_network": True, "allowed_hosts": (listener.host,)})
    assert read(remote_only, allowed).state is State.REMOTE_DECLARED
    assert listener.calls == ["/store.c2pa"]
    # The SDK never follows one to a loopback address; that ours is refused before that is in its words.
    assert "was not followed because core.allow_redirects" in refusal(remote_only, safe_settings(allowed))


def test_responders_for_revocation_are_not_asked(
    forge, pki, jpeg: bytes, listener: Listener, read_bytes
) -> None:
    signed = type(forge)(pki.leaf(ocsp=f"http://{listener.host}/ocsp")).sign(jpeg, policy=pki.policy)
    allowed = pki.policy.model_copy(update={"allow_network": True, "allowed_hosts": (listener.host,)})
    for policy in (TrustPolicy.default(), pki.policy, allowed):
        assert read_bytes(signed, policy).state in (State.TRUSTED, State.VALID_UNTRUSTED)
    assert listener.calls == []
    settings = safe_settings(allowed)
    settings["verify"]["ocsp_fetch"] = True  # the control: only the switch keeps it from calling
    with c2pa.Reader("image/jpeg", io.BytesIO(signed), context=c2pa.Context.from_dict(settings)):
        assert len(listener.calls) == 1


def _states(command: list[str], files: list[Path]) -> list[str]:
    done = subprocess.run(
        [*command, sys.executable, "-c", READ_ALL, *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


def _runs(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _unshare_works() -> bool:
    tool = shutil.which("unshare")
    return tool is not None and _runs(tool, "-rn", "true")


@pytest.mark.skipif(not _unshare_works(), reason="a process without a network cannot be made here")
def test_without_any_network_the_states_are_the_same(reference: Path, remote_only: Path) -> None:
    files = sorted([*reference.glob("*.jpg"), remote_only])
    assert _states(["unshare", "-rn"], files) == [read(f, TrustPolicy.default()).state for f in files]


def _strace_works() -> bool:
    tool = shutil.which("strace")
    return tool is not None and _runs(tool, "-f", "true")


@pytest.mark.skipif(not _strace_works(), reason="strace is not installed or not permitted")
def test_no_socket_is_opened(reference: Path, remote_only: Path, tmp_path: Path) -> None:
    log = tmp_path / "calls.txt"
    tracing = ["strace", "-f", "-e", "trace=socket,connect,sendto,sendmsg", "-o", str(log)]
    control = "import socket; socket.socket().close()"
    assert _runs(*tracing, sys.executable, "-c", control)
    assert [line.split("(")[0].split()[-1] for line in _calls(log)] == ["socket"]
    files = sorted([*reference.glob("*.jpg"), remote_only])
    assert "remote_declared" in _states(tracing, files)
    assert _calls(log) == []


def _calls(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if "(" in line and "+++" not in line]
