"""Those who wait for the networks: one search at a time, first come, first served."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

from dcgan_inpainting.common.errors import FaultError, UserError
from dcgan_inpainting.page.messages import message


class GoneError(Exception):
    """Nobody waits for the answer any more."""


class Tell(Protocol):
    """Sends a message to whoever waits for the work; raises a GoneError if nobody does."""

    def __call__(self, head: Mapping[str, Any], *parts: bytes) -> None:
        """Send it."""


class _Place:
    """One of those in the line."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()  # None = no more will come
        self.gone = threading.Event()

    def run(self, work: Callable[[Tell], None]) -> None:
        """Do the work, in a thread of its own."""
        try:
            work(self._tell)
        except (UserError, FaultError) as error:
            with suppress(GoneError):
                self._tell({"event": "error", "message": str(error)})
        except GoneError:
            pass
        finally:
            self.later(self.pieces.put_nowait, None)

    def _tell(self, head: Mapping[str, Any], *parts: bytes) -> None:
        if self.gone.is_set():
            raise GoneError
        self.later(self.pieces.put_nowait, message(head, *parts))

    def later(self, call: Callable[..., object], *arguments: object) -> None:
        """Call a function in the server's own thread."""
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(call, *arguments)


class Line:
    """Works off what is asked for; whoever leaves has their work ended at its next message."""

    def __init__(self, most: int) -> None:
        """Begin; at most so many may be in the line."""
        self._pool = ThreadPoolExecutor(1)
        self._here: list[_Place] = []
        self._most = most

    @property
    def full(self) -> bool:
        """Whether nobody else can be taken."""
        return len(self._here) >= self._most

    async def stream(self, work: Callable[[Tell], None]) -> AsyncIterator[bytes]:
        """Yield the messages of some work, and before them how many others it waits for.

        Of a UserError or a FaultError that ends the work, the last message tells.
        """
        place = _Place()
        self._here.append(place)
        done = self._pool.submit(place.run, work)
        # The place is free when the work has ended, also if nobody waits for it.
        done.add_done_callback(lambda _: place.later(self._left, place))
        self._say_to(place)
        try:
            while (piece := await place.pieces.get()) is not None:
                yield piece
            if not place.gone.is_set():
                await asyncio.wrap_future(done)  # a fault of the program is told here
        finally:
            place.gone.set()
            done.cancel()

    def close(self) -> None:
        """End what everybody waits for, at once."""
        for place in self._here:
            place.gone.set()
            place.pieces.put_nowait(None)

    def _left(self, place: _Place) -> None:
        self._here.remove(place)
        for other in self._here:
            self._say_to(other)

    def _say_to(self, place: _Place) -> None:
        if before := self._here.index(place):
            place.pieces.put_nowait(message({"event": "waiting", "before": before}))
