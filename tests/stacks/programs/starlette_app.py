"""Starlette on uvicorn. Arguments: the HTTP implementation, the WebSocket implementation, the loop."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute

http, ws, loop = sys.argv[1:4]


async def form(request):
    async with request.form() as fields:
        return PlainTextResponse("from " + fields["city"])


async def json(request):
    fields = await request.json()
    return JSONResponse({"from": fields["city"]})


def header(request):
    """No coroutine: Starlette has it run on a thread."""
    return PlainTextResponse(request.headers["X-Question"])


async def echo(websocket):
    await websocket.accept()
    async for message in websocket.iter_text():
        await websocket.send_text(message.upper())


app = Starlette(
    routes=[
        Route("/form", form, methods=["POST"]),
        Route("/json", json, methods=["POST"]),
        Route("/header", header),
        WebSocketRoute("/echo", echo),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=0, http=http, ws=ws, loop=loop)
