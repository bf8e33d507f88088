"""What two programs do, one on the real stack and one on `reference_impl`: take messages, and give them back."""


def add(sock):
    @sock.route("/take")
    def take(ws):
        while True:
            ws.receive()

    @sock.route("/echo")
    def echo(ws):
        while True:
            ws.send(ws.receive())

    @sock.route("/twice")
    def twice(ws):
        message = ws.receive()
        ws.send(message)
        ws.send(message)
        ws.receive()

    @sock.route("/same")
    def same(ws):
        for _ in range(2):
            ws.send("the same")
        ws.receive()
