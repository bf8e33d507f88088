"""The `websockets` library's server with coroutines."""

import asyncio
from contextlib import suppress

from websockets.asyncio.server import serve


async def handle(connection):
    await connection.send(await connection.recv())
    async for message in connection:
        await connection.send(message)


async def main():
    async with serve(handle, "127.0.0.1", 0) as server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
