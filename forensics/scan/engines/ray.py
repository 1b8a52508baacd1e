"""The engine for many machines: Ray Data hands out files, and the same workers look at them.

Each actor of Ray keeps one crash-isolated worker process of the embedded engine, so that no file can bring an
actor down and no block of rows is lost with one that does. What Ray loses itself, a machine or an actor, it
does again.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, fields
from itertools import islice
from typing import Any

from forensics.errors import MissingExtra, ScanError
from forensics.scan.engines.base import Done, Lost, Task
from forensics.scan.engines.local import LocalEngine
from forensics.scan.engines.scratch import scratch
from forensics.scan.items import Item, Locator
from forensics.scan.packed import Packed
from forensics.scan.settings import WorkSettings

__all__ = ["RayEngine", "ScanActor"]

log = logging.getLogger(__name__)

_WINDOW = 20_000  # tasks that are handed to Ray at a time
_CHUNKS = 4  # of files in a block, which one call works on: what is done again when an actor is lost
_PATIENCE = 1800.0
_PROBE_SECONDS = 10.0
_CPUS = 0.5  # of an actor: whole ones can take all there are, and leave Ray none to go on with


class RayEngine:
    """Runs tasks on a Ray cluster: that of $RAY_ADDRESS, or one on this machine that ends with the scan.

    Args:
        settings: How to look at files; files they name must be there on every machine.
        workers: Actors at most; Ray starts as many as the cluster has room for.
        chunk: Files that a worker takes at a time, until it is known how long they take.

    Raises:
        MissingExtra: Ray is not installed.
    """

    name = "ray"

    def __init__(self, settings: WorkSettings, workers: int, chunk: int) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing goes to the network unasked
        try:
            import ray.data  # noqa: F401 - a message at once is better than one after the listing
        except ImportError as error:
            raise MissingExtra("scanning with Ray", "ray") from error
        self.settings = settings
        self.workers = workers
        self._chunk = chunk
        self._block = _CHUNKS * chunk

    @contextmanager
    def run(self, tasks: Iterator[Task]) -> Iterator[Iterator[list[Done | Lost]]]:
        """See `Engine.run`."""
        with _quiet(4 * self._block * self.settings.file_seconds), _cluster(self.workers):
            yield self._results(iter(tasks))

    def committed(self) -> None:
        """Nothing has to be let go of: Ray frees blocks that were read."""

    def _results(self, tasks: Iterator[Task]) -> Iterator[list[Done | Lost]]:
        while window := list(islice(tasks, _WINDOW)):
            left = {task.number for task in window}
            for results in self._window(window):
                new = [result for result in results if result.number in left]
                left.difference_update(result.number for result in new)  # after a loss some may come twice
                yield new
            if left:
                raise ScanError(f"Ray returned nothing for {len(left)} files: resume the scan")

    def _window(self, window: list[Task]) -> Iterator[list[Done | Lost]]:
        import ray

        size = max(1, min(self._block, len(window) // self.workers))
        records = [_task_record(task) for task in window]
        try:
            found = ray.data.from_items(records, override_num_blocks=-(-len(window) // size)).map_batches(
                ScanActor,
                fn_constructor_args=(self.settings.as_record(), self._chunk),
                batch_size=None,
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=self.workers),
                num_cpus=_CPUS,
            )
            for batch in found.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield [_result(record) for record in batch.to_pylist()]
        except _ray_errors() as error:
            raise ScanError(f"Ray cannot go on: {_last_line(error)}") from error


class ScanActor:
    """A worker of Ray: one process of the embedded engine, and what goes in and out as plain columns.

    Args:
        settings: Record of `WorkSettings`.
        chunk: Files that the process takes at a time at first.
    """

    def __init__(self, settings: dict[str, Any], chunk: int) -> None:
        # Processes are started with the main module of this one, which is Ray's own and of no use to them.
        sys.modules["__main__"].__file__ = None
        self._held = ExitStack()
        spool = self._held.enter_context(scratch())
        self._engine = LocalEngine(WorkSettings.from_record(settings), 1, spool, chunk)
        self._results = self._held.enter_context(self._engine.opened())

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Return what comes of a batch of tasks, a row for each."""
        import json

        records = [
            {**json.loads(task), "number": int(number)}
            for number, task in zip(batch["number"], batch["task"], strict=True)
        ]
        tasks = iter([_task(record) for record in records])
        found = [_record(result) for results in self._results(tasks) for result in results]
        self._engine.committed()
        return {name: [record[name] for record in found] for name in _COLUMNS}


_COLUMNS = (
    "number", "state", "reason", "verdict", "size", "row", "preview", "detail", "message", "attempts",
)  # fmt: skip


def _task_record(task: Task) -> dict[str, Any]:
    import json

    item = {**asdict(task.item), "locator": task.item.locator.as_record()}
    return {"number": task.number, "task": json.dumps({"item": item, "alone": task.alone})}


def _task(record: dict[str, Any]) -> Task:
    values = record["item"]
    item = Item(**{**values, "locator": Locator.from_record(values["locator"])})
    return Task(record["number"], item, record["alone"])


def _record(result: Done | Lost) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys(_COLUMNS, "")
    record |= {"number": result.number, "size": 0, "attempts": 0}
    record |= dict.fromkeys(("row", "preview", "detail"), b"")
    if isinstance(result, Lost):
        return record | asdict(result)
    return record | {name: value for name, value in vars(result.packed).items() if value is not None}


def _result(record: dict[str, Any]) -> Done | Lost:
    if not record["row"]:
        return Lost(record["number"], record["reason"], record["message"], record["attempts"])
    values = {each.name: record[each.name] for each in fields(Packed)}
    kept = {name: values[name] or None for name in ("preview", "detail")}
    return Done(record["number"], Packed(**{**values, **kept}))


def _ray_errors() -> tuple[type[Exception], ...]:
    """Return what Ray raises; not all of it is in one tree, nor in every version."""
    from ray import exceptions
    from ray.data import exceptions as of_data

    names = ("ExecutionTimeoutError", "SystemException")
    return (exceptions.RayError, *(getattr(of_data, name) for name in names if hasattr(of_data, name)))


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


@contextmanager
def _cluster(workers: int) -> Iterator[None]:
    """Connect to a cluster, or start one on this machine for as long as the body runs."""
    import ray

    if ray.is_initialized():
        yield
        return
    remote = os.environ.get("RAY_ADDRESS")  # without it, never one that runs here for something else
    here: dict[str, Any] = {} if remote else {"num_cpus": max(2, workers), "include_dashboard": False}
    expected: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError, *_ray_errors())
    try:
        _check_place(remote or "")
        with _muted():
            ray.init(address=remote or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
    except expected as error:
        raise ScanError(f"there is no Ray cluster to work with: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_place(address: str) -> None:
    """Raise an OSError where nobody listens: Ray itself tries for many minutes before it says so."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), _PROBE_SECONDS).close()


@contextmanager
def _quiet(seconds: float) -> Iterator[None]:
    """Have Ray say nothing but errors, and give up only after longer than a call may take."""
    import ray

    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it warns of what Ray Data itself does
    context = ray.data.DataContext.get_current()
    wanted = {
        "enable_progress_bars": False,
        "print_on_execution_start": False,
        "execution_no_progress_timeout_s": max(_PATIENCE, seconds),
    }
    before = {name: getattr(context, name) for name in wanted if hasattr(context, name)}
    loggers = [logging.getLogger(name) for name in ("ray", "ray.data")]
    levels = [logger.level for logger in loggers]
    try:
        for name in before:
            setattr(context, name, wanted[name])
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _muted() -> Iterator[None]:
    """Keep native code from writing to standard error; what goes wrong is raised as well."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
