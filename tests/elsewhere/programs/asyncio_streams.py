"""`asyncio`'s streams: each connection is a coroutine, and its lines come by an async generator."""

import asyncio
from contextlib import suppress


async def lines(reader):
    while line := await reader.readline():
        yield line
        await asyncio.sleep(0)


async def answer(writer, line):
    await asyncio.sleep(0)
    writer.write(b"you said " + line)
    await writer.drain()


async def handle(reader, writer):
    async for line in lines(reader):
        await answer(writer, line)
    writer.close()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
