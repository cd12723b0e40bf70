"""Work that may never come back."""

import asyncio
import subprocess
import sys

import pytest

from holdfast.app.daemon import in_daemon


async def test_a_result_comes_back_and_so_does_an_error() -> None:
    assert await in_daemon(lambda: 7) == 7

    def fails() -> None:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        await in_daemon(fails)


async def test_who_does_not_wait_any_more_is_not_told() -> None:
    begun, ends = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(ends.wait(), loop).result(30)

    waiting = asyncio.create_task(in_daemon(work))
    await begun.wait()
    waiting.cancel()
    ends.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.05)


def test_work_that_hangs_does_not_keep_the_program_from_ending() -> None:
    code = """
import asyncio, time
from holdfast.app.daemon import in_daemon
async def main():
    task = asyncio.create_task(in_daemon(lambda: time.sleep(3600)))
    await asyncio.sleep(0.1)
    task.cancel()
asyncio.run(main())
print("ended")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "ended\n"
