"""trio's streams: a task a connection, which hands what it reads to a task of all; that one answers."""

import signal
from functools import partial

import trio


async def shout(text):
    await trio.lowlevel.checkpoint()
    return text.upper()


async def answer(read):
    async for stream, data in read:
        await stream.send_all(await shout(data))


async def main():
    hand, read = trio.open_memory_channel(0)

    async def talk(stream):
        async for data in stream:
            await hand.send((stream, data))

    with trio.open_signal_receiver(signal.SIGINT) as interrupts:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer, read)
            (listener,) = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), talk, 0)
            print(f"http://127.0.0.1:{listener.socket.getsockname()[1]}", flush=True)
            async for _ in interrupts:
                nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
