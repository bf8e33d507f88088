"""The `websockets` library's server with threads."""

from websockets.sync.server import serve


def handle(connection):
    for message in connection:
        connection.send(message)


if __name__ == "__main__":
    with serve(handle, "127.0.0.1", 0) as server:
        print(f"http://127.0.0.1:{server.socket.getsockname()[1]}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.shutdown()
