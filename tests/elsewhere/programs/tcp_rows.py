"""Lines over TCP, no protocol: rows of CSV, each answered by its second field."""

import csv
import io
import socketserver


def second(line):
    return next(csv.reader(io.StringIO(line)))[1]


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(second(line.decode()).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
