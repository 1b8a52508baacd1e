"""The loop on several processes, and compiled: the same weights as by one process, step by step."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor  # noqa: E402

from forensics.training.log import read_log  # noqa: E402
from forensics.training.loop import CHECKPOINT, LOG, fit  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402

from .test_loop import Line  # noqa: E402


def test_precision_is_full_on_cpus() -> None:
    """bfloat16 costs CPUs a hundred times as much as it spares."""

    class Seen(Line):
        def loss(self, step: int) -> Tensor:
            assert not torch.is_autocast_enabled("cpu")
            found = super().loss(step)
            assert found.dtype == self.module.weight.dtype == torch.float32
            return found

    machine = Machine("cpu")
    turn = machine.next_of(Seen().turns(0, 0.0))
    assert turn is not None


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # PyTorch's own
def test_compiled_modules_learn_the_same(tmp_path: Path) -> None:
    ends = []
    for name, compiled in (("plain", False), ("compiled", True)):
        folder = tmp_path / name
        folder.mkdir()
        task = Line()
        module = fit(task, folder, machine=Machine("cpu", compiled=compiled))
        assert (task.module._compiled_call_impl is not None) is compiled
        ends.append(float(module.weight))
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)
    (tmp_path / "compiled" / CHECKPOINT).rename(tmp_path / "plain" / CHECKPOINT)
    assert float(fit(Line(), tmp_path / "plain").weight) == pytest.approx(ends[1], abs=1e-5)


TWO = """
import json, os, signal, sys, time
from pathlib import Path
folder, kind = sys.argv[2:]
sys.path.insert(0, sys.argv[1])
import torch
from test_loop import Line
from forensics.training.loop import fit
from forensics.training.machine import Machine

machine = Machine("cpu")
second = machine.number == 1

class Half(Line):
    def __init__(self, **changes):
        super().__init__(**changes)
        self.module.register_buffer("seen", torch.zeros(()))  # as a codebook is

    def loss(self, step):
        self.module.seen.copy_(torch.tensor(2.0 * step + machine.number))
        if kind == "stop" and second and step == 20:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().loss(2 * step + machine.number)

class Slow(Machine):
    def share(self, parameters):
        super().share(parameters)
        time.sleep(0.02 * second)  # its clock runs ahead

task = Half(steps=10**6, seconds=0.5) if kind == "clock" else Half()
interrupted = False
try:
    fit(task, Path(folder), machine=Slow("cpu") if kind == "clock" else machine)
except KeyboardInterrupt:
    interrupted = True
end = machine.processes, float(task.module.weight), float(task.module.bias), float(task.module.seen)
Path(folder, f"end{machine.number}.json").write_text(json.dumps([interrupted, *end]))
"""


def in_two_processes(kind: str, folder: Path) -> list[list[float]]:
    """Return whether each was interrupted and where it ended, from files: their outputs would mix."""
    script = folder / "two.py"
    script.write_text(TWO)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [*launch, str(script), str(Path(__file__).parent), str(folder), kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads((folder / f"end{number}.json").read_text()) for number in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["steps", "clock", "stop"])
def test_two_processes_share_their_gradients(tmp_path: Path, kind: str) -> None:
    """Each has its own data, clock and interruptions; both end at one step with the same weights."""
    first, second = in_two_processes(kind, tmp_path)
    assert first == second
    interrupted, processes, *_ = first
    assert processes == 2
    assert interrupted is (kind == "stop")
    assert (tmp_path / CHECKPOINT).is_file()
    if kind == "steps":
        assert len(read_log(tmp_path / LOG)["step"]) == 3
