"""Work in threads that may never come back: a disk that hangs must not keep the program from ending."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_daemon(work: Callable[[], Result]) -> Result:
    """Like `asyncio.to_thread`, whose threads the end of the program waits for, however long they hang."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: BaseException | None) -> None:
        if done.done():
            # Nobody waits any more.
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type] # without an error there is a result

    def carry_out() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - the boundary of a thread: who waits for it gets the error
            error = raised
        with contextlib.suppress(RuntimeError):
            # The loop may be closed already.
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=carry_out, name="daemon", daemon=True).start()
    return await done
