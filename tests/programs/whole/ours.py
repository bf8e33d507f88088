"""The same on `reference_impl`, from `accept` up."""

from contextlib import suppress

from talk import add

from reference_impl.app import App
from reference_impl.http import make_server
from reference_impl.sock import Sock

app = App(__name__)
add(Sock(app))

if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app)
    print(server.url, flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()
