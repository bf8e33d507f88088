"""A server of a few lines on h11 and a socket: the body comes back."""

import socket

import h11


def next_event(connection, client):
    while True:
        event = connection.next_event()
        if event is not h11.NEED_DATA:
            return event
        connection.receive_data(client.recv(65536))


def serve(client):
    connection = h11.Connection(h11.SERVER)
    parts = []
    while not isinstance(event := next_event(connection, client), (h11.EndOfMessage, h11.ConnectionClosed)):
        if isinstance(event, h11.Data):
            parts.append(bytes(event.data))
    if isinstance(event, h11.ConnectionClosed):
        return
    body = b"".join(parts)
    response = h11.Response(status_code=200, headers=[("Content-Length", str(len(body)))])
    for answer in (response, h11.Data(data=body), h11.EndOfMessage()):
        data = connection.send(answer)
        if data:
            client.sendall(data)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    try:
        while True:
            accepted, _ = listener.accept()
            with accepted:
                serve(accepted)
    except KeyboardInterrupt:
        listener.close()
