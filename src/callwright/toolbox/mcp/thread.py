"""A thread that runs an event loop, so that code without one can use sessions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """One event loop in a thread of its own; coroutines are run in it from any other thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_main, args=[self._loop], name="mcp", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; when the waiting is interrupted, the coroutine is cancelled."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self, first: Coroutine[Any, Any, object] | None = None) -> None:
        """Run `first`, cancel what is still running, and end the thread when all is wound up."""
        if threading.current_thread() is self._thread:  # garbage is collected in any thread
            if first:
                first.close()
            self._loop.stop()
            return
        if first:
            self.run(first)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def _main(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.run_until_complete(_wind_up())
    loop.close()


async def _wind_up() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
