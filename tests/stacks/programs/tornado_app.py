"""Tornado: its own HTTP and WebSocket on asyncio's loop."""

import asyncio
from contextlib import suppress

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket


class Form(tornado.web.RequestHandler):
    async def post(self):
        await asyncio.sleep(0)
        self.write("from " + self.get_body_argument("city"))


class Header(tornado.web.RequestHandler):
    def get(self):
        self.write(self.request.headers["X-Question"])


class Echo(tornado.websocket.WebSocketHandler):
    async def on_message(self, message):
        await self.write_message(message.upper())


async def main():
    app = tornado.web.Application([("/form", Form), ("/header", Header), ("/echo", Echo)])
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(app).add_sockets(sockets)
    print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(main())
