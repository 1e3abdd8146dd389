"""Several streams read as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def merged(parts: Sequence[AsyncGenerator[T]]) -> AsyncGenerator[tuple[int, T]]:
    """Yield what all parts yield, as it comes, with the place of its part.

    The first failure ends all of them, and so does whoever stops reading.
    """
    arrived: asyncio.Queue[tuple[int, T] | Exception | None] = asyncio.Queue()

    async def read(place: int, part: AsyncGenerator[T]) -> None:
        try:
            async with aclosing(part):
                async for item in part:
                    arrived.put_nowait((place, item))
        except Exception as error:
            arrived.put_nowait(error)
        else:
            arrived.put_nowait(None)

    reading = [asyncio.create_task(read(place, part)) for place, part in enumerate(parts)]
    left = len(reading)
    try:
        while left:
            item = await arrived.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                left -= 1
            else:
                yield item
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
