"""TLS on asyncio: uvicorn, whose bytes go through `ssl.SSLObject`. Arguments: certificate, key, loop."""

import sys

import uvicorn


async def app(scope, receive, send):
    """ASGI without a framework."""
    if scope["type"] != "http":
        return
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body.upper()})


if __name__ == "__main__":
    certificate, key, loop = sys.argv[1:4]
    uvicorn.run(
        app, host="127.0.0.1", port=0, http="h11", ssl_certfile=certificate, ssl_keyfile=key, lifespan="off", loop=loop
    )
