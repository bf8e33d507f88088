"""Where supervisors run: threads of this process, each of which waits for one, or the workers of a Dask cluster.

Both are a `concurrent.futures.Executor`. A thread cannot die of a submission; a worker may be killed, and what it had
is then done again by another.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

ENGINES = ("threads", "dask")


class EngineError(Exception):
    """An engine cannot be had; the message is one sentence."""


@contextmanager
def executor(engine: str, jobs: int, scheduler: str = "") -> Iterator[Executor]:
    """An executor with room for `jobs` at once (a scheduler of one's own has the room that it has). Raises
    `EngineError`."""
    if engine == "threads":
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="grade")
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return
    with _client(jobs, scheduler) as client:
        # pure=False: the same bytes graded for two names are two tasks. retries: a worker that died is not the end.
        yield client.get_executor(pure=False, retries=2)


@contextmanager
def _client(jobs: int, scheduler: str) -> Iterator[Any]:
    try:
        import distributed
    except ImportError:
        raise EngineError("--engine dask needs Dask: pip install 'unmagic[dask]'") from None
    library: Any = distributed  # it has no types
    cluster: Any = None
    try:
        if not scheduler:
            cluster = library.LocalCluster(
                n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="ERROR"
            )
        client = library.Client(cluster or scheduler, timeout="30s")
    except (OSError, ValueError) as error:
        if cluster is not None:
            cluster.close()
        raise EngineError(f"no Dask scheduler at {scheduler or 'this machine'}: {error}") from None
    try:
        yield client
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
