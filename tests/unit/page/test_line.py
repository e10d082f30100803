"""One search at a time, first come, first served."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.page.line import Line, Tell
from tests.page_server import events

Heads = list[dict[str, Any]]


async def heard(line: Line, work: Callable[[Tell], None]) -> Heads:
    """What is told of some work until it ends."""
    return [events(piece)[0][0] async for piece in line.stream(work)]


def test_others_wait_and_are_told_for_how_many() -> None:
    order: list[str] = []
    first_may_end = threading.Event()

    def work(name: str) -> Callable[[Tell], None]:
        def run(tell: Tell) -> None:
            order.append(f"{name} begins")
            if name == "a":
                assert first_may_end.wait(60)
            tell({"event": "done", "of": name})
            order.append(f"{name} ends")

        return run

    async def everybody() -> list[Heads]:
        line = Line(3)
        jobs = [asyncio.create_task(heard(line, work(name))) for name in "abc"]
        while not line.full:
            await asyncio.sleep(0)
        first_may_end.set()
        found = await asyncio.gather(*jobs)
        while line.full:
            await asyncio.sleep(0)
        return found

    a, b, c = asyncio.run(everybody())
    assert a == [{"event": "done", "of": "a"}]
    assert b == [{"event": "waiting", "before": 1}, {"event": "done", "of": "b"}]
    assert [told.get("before") for told in c] == [2, 1, None]
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


def test_whoever_leaves_ends_their_work_and_no_other() -> None:
    begun, left = threading.Event(), threading.Event()
    seen: list[str] = []

    def endless(tell: Tell) -> None:
        begun.set()
        try:
            while True:
                time.sleep(0.01)  # or the loop would have no time for anything else
                tell({"event": "step"})
        finally:
            left.set()

    async def scene() -> Heads:
        line = Line(9)
        leaving = asyncio.create_task(heard(line, endless))
        waiting = asyncio.create_task(heard(line, lambda tell: seen.append("never")))
        staying = asyncio.create_task(heard(line, lambda tell: tell({"event": "done"})))
        await asyncio.to_thread(begun.wait, 60)
        for task in (waiting, leaving):  # in this order: whose turn comes begins at once
            task.cancel()
            await asyncio.wait([task])
        return await staying

    assert asyncio.run(scene())[-1] == {"event": "done"}
    assert left.is_set()
    assert seen == []


def test_a_server_that_ends_keeps_nobody() -> None:
    begun = threading.Event()

    def endless(tell: Tell) -> None:
        tell({"event": "step"})
        begun.set()
        while True:
            time.sleep(0.01)
            tell({"event": "step"})

    async def scene() -> list[Heads]:
        line = Line(2)
        jobs = [asyncio.create_task(heard(line, endless)) for _ in range(2)]
        while not line.full:
            await asyncio.sleep(0)
        await asyncio.to_thread(begun.wait, 60)
        line.close()
        return await asyncio.gather(*jobs)

    first, second = asyncio.run(scene())
    assert {told["event"] for told in first} == {"step"}
    assert second == [{"event": "waiting", "before": 1}]


def test_bad_input_is_told_and_a_fault_of_the_program_is_not_hidden() -> None:
    def bad(tell: Tell) -> None:
        raise UserError("the mask is missing")

    def wrong(tell: Tell) -> None:
        raise ZeroDivisionError

    assert asyncio.run(heard(Line(1), bad)) == [
        {"event": "error", "message": "the mask is missing"}
    ]
    with pytest.raises(ZeroDivisionError):
        asyncio.run(heard(Line(1), wrong))
