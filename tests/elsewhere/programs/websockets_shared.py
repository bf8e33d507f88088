"""One message to two connections, by two coroutines that wait for each other: the first to be told is the last."""

import asyncio
from contextlib import suppress

from websockets.asyncio.server import serve

connected = []


async def parts(gate):
    yield "in two "
    await gate.wait()
    yield "pieces"


async def tell(message):
    gates = [asyncio.Event() for _ in connected]
    tasks = [asyncio.create_task(one.send(parts(gate))) for one, gate in zip(connected, gates, strict=True)]
    await asyncio.sleep(0.05)
    for one in connected:  # each has to wait until what is sent in pieces has been sent
        tasks.append(asyncio.create_task(one.send(message)))
        await asyncio.sleep(0.05)
    for gate in gates:
        gate.set()
        await asyncio.sleep(0.05)
    await asyncio.gather(*tasks)


async def handle(connection):
    connected.append(connection)
    async for message in connection:
        if len(connected) > 1 and connection is connected[0]:
            await tell(message)
        else:
            await connection.send(message)


async def main():
    async with serve(handle, "127.0.0.1", 0) as server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
