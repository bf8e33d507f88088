"""Two kinds of work in one loop of coroutines: `asyncio`'s streams, an async generator between, a broadcast."""

import asyncio
from contextlib import suppress

writers = []


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
