"""`websockets` with asyncio: two tasks a connection, a queue between them, and a thread that tells the loop."""

import asyncio
import threading
from contextlib import suppress

from websockets.asyncio.server import serve


async def shout(text):
    await asyncio.sleep(0)
    return text.upper()


async def write(connection, queue):
    while (message := await queue.get()) is not None:
        await connection.send(await shout(message))


def work(loop, queue, message):
    """On a thread of its own: what the loop is told from there."""
    loop.call_soon_threadsafe(queue.put_nowait, message)


async def read(connection):
    queue = asyncio.Queue()
    writer = asyncio.create_task(write(connection, queue))
    async for message in connection:
        if message.startswith("by thread"):
            threading.Thread(target=work, args=(asyncio.get_running_loop(), queue, message), name="worker").start()
        else:
            queue.put_nowait(message)
    queue.put_nowait(None)
    await writer


async def main():
    async with serve(read, "127.0.0.1", 0) as server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(main())
