"""The scheduler of Dask that a run is given, and whether its workers can do the work."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Final, NamedTuple

from flows.errors import ConfigurationError, UsageError, message_of
from flows.kernels import processors
from flows.run.dask_worker import PATHS
from flows.settings.model import Engine

#: Extras that decide how inputs are read; without one, a worker would reject what another one reads.
READERS: Final = ("feeds", "html", "warc")
#: Packages that only the process of the run needs.
_NOT_OF_WORKERS: Final = {"fastapi", "prefect", "rich", "sqlalchemy", "typer"}


#: What Dask does all the time beside the work, and a run does not need: of two busy cores, it took a twentieth.
_QUIET: Final = {
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.tick.interval": "1s",
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.profile.enabled": False,
}


def require_dask(package: str = "distributed") -> None:
    """Raise UsageError if this package of the extra is not installed."""
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise UsageError(f'Dask is an extra: pip install "copydesk[dask]" ({error})') from error


@contextmanager
def scheduler(engine: Engine, workers: int) -> Iterator[str]:
    """The address of the scheduler that `[engine]` names, or of a cluster of as many local processes as `workers`.

    Raises ConfigurationError if the cluster class of `[engine]` cannot be used.
    """
    if engine.dask_address:
        yield engine.dask_address
        return
    if engine.dask_cluster:
        make: Callable[..., Any] = _class_of(engine.dask_cluster)
        arguments = engine.dask_arguments
    else:
        import dask
        from distributed import LocalCluster

        make = LocalCluster
        threads = str(max(1, processors() // workers))
        environment = {"POLARS_MAX_THREADS": threads, "DO_NOT_TRACK": "1"}
        # before the processes start: polars reads it when it is loaded
        dask.config.set({"distributed.nanny.pre-spawn-environ": environment, **_QUIET})
        arguments = {
            "n_workers": workers,
            "threads_per_worker": 1,
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",
            # files are mapped into memory, and Dask would count them
            "memory_limit": None,
        }
    try:
        cluster = make(**arguments)
    except Exception as error:
        name = engine.dask_cluster or "a local cluster"
        raise ConfigurationError(f"[engine] {name} cannot be started: {message_of(error)}") from error
    with cluster:
        yield cluster.scheduler_address
        logging.getLogger("distributed").setLevel(logging.ERROR)  # no matter how its workers end


def _class_of(name: str) -> Callable[..., Any]:
    module, _, attribute = name.rpartition(".")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"[engine] dask_cluster: {name} cannot be imported ({error})") from error
    return found


class Facts(NamedTuple):
    """What is known of a worker."""

    versions: dict[str, str]  # of its packages
    file: str  # the path under which it looked for the run
    sees_file: bool
    may_write: bool
    host: str
    processors: int
    threads: int  # of polars


def fit(client: Any, addresses: Sequence[str], stored: Path) -> dict[str, str]:
    """Address of a worker -> why it cannot work for the run whose stored file this is, "" if it can."""
    names = {
        address: info["name"] for address, info in client.scheduler_info(n_workers=-1)["workers"].items()
    }
    packages = _packages()
    look = _look()
    answers = client.run(look, list(packages), str(stored), PATHS, workers=list(addresses), on_error="return")
    return {
        address: _unfit(f"the worker {names.get(address, '?')} at {address}", answer, packages)
        for address, answer in answers.items()
    }


def oversubscribed(client: Any, addresses: Sequence[str]) -> str:
    """A warning if the workers of a machine have more threads than that has processors; "" if none has."""
    answers = client.run(_look(), [], "", PATHS, workers=list(addresses), on_error="return")
    hosts: dict[str, list[Facts]] = {}
    for answer in answers.values():
        if isinstance(answer, tuple):
            facts = Facts(*answer)
            hosts.setdefault(facts.host, []).append(facts)
    for host, all_facts in hosts.items():
        threads, available = sum(each.threads for each in all_facts), all_facts[0].processors
        if len(all_facts) > 1 and threads > available:
            return (
                f"the {len(all_facts)} workers on {host} use {threads} threads of polars on {available} "
                f"processors: start them with POLARS_MAX_THREADS={max(1, available // len(all_facts))}"
            )
    return ""


def _unfit(who: str, answer: Any, packages: dict[str, str]) -> str:
    if not isinstance(answer, tuple):
        return f"{who} cannot be asked what it has: {message_of(answer)}"
    facts = Facts(*answer)
    for name, mine in packages.items():
        if (other := facts.versions.get(name, "")) != mine:
            has = f"has {name} {other}" if other else f"lacks {name}"
            here = f"here it is {mine}" if mine else "here it is not installed"
            return f"{who} {has}, {here}: install the same versions everywhere"
    if not facts.sees_file:
        return (
            f"{who} does not see {facts.file}: --out must be on a file system that all workers share; if it has "
            f"another path there, say so in the worker's environment, such as {PATHS}=/data=/mnt/data"
        )
    if not facts.may_write:
        return f"{who} may not write to {Path(facts.file).parent}"
    return ""


@cache
def _packages() -> dict[str, str]:
    """The packages that decide what a run writes, with their versions here, "" if one is not installed."""
    found = {}
    for requirement in ("copydesk", *(requires("copydesk") or ())):
        name, extra = re.match(r"[\w.-]+", requirement), re.search(r"""extra == ['"](\w+)""", requirement)
        if name and (extra is None or extra[1] in READERS) and name[0] not in _NOT_OF_WORKERS:
            found[name[0]] = _version(name[0])
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _look() -> Callable[..., tuple[Any, ...]]:
    """A function that answers with `Facts`; a worker gets it by value, as it may have another copydesk or none."""

    def look(packages: list[str], stored: str, variable: str) -> tuple[Any, ...]:
        import importlib.metadata
        import os
        import socket
        from pathlib import Path

        versions = {}
        for name in packages:
            try:
                versions[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                versions[name] = ""
        for pair in os.environ.get(variable, "").split(os.pathsep):
            there, _, mine = (part.rstrip("/") for part in pair.partition("="))
            if mine and stored.startswith(f"{there}/"):
                stored = mine + stored[len(there) :]
                break
        try:
            import polars

            threads = polars.thread_pool_size()
        except ImportError:
            threads = 0
        affinity = getattr(os, "sched_getaffinity", None)
        available = len(affinity(0)) if affinity else os.cpu_count() or 1
        writable = os.access(Path(stored).parent, os.W_OK)
        return (
            versions,
            stored,
            Path(stored).exists(),
            writable,
            socket.gethostname(),
            available,
            threads,
        )

    return look
