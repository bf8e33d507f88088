// The stages tcp, headers, handshake, frame_in and frame_out in JavaScript, on bare sockets: the routes are those that
// the starter's README.md lists.
"use strict";

const net = require("node:net");
const { STATUS_CODES } = require("node:http");
const { Incoming, Refusal, acceptToken, frame, frames, readRequest, splitList } = require("./stack");

const PORT = Number(process.env.PORT);
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const SUBPROTOCOLS = ["chat.v2", "chat.v1"];

function head(status, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n`;
}

function respond(socket, status, body, headers = {}) {
  const data = Buffer.from(body);
  socket.end(Buffer.concat([
    Buffer.from(head(status, { ...headers, "Content-Length": data.length, Connection: "close" }), "latin1"), data,
  ]));
}

function json(socket, value) {
  respond(socket, 200, JSON.stringify(value), { "Content-Type": "application/json" });
}

function environ(socket, request) {
  const headers = [...request.headers].filter(([name]) => !name.includes("_"));
  json(socket, {
    method: request.method, path: request.path, query: request.query, headers: Object.fromEntries(headers),
    body: request.body.toString("hex"),
  });
}

function wsgi(socket, request) {
  json(socket, {
    version: [1, 0], scheme: "http", multithread: true, multiprocess: false, run_once: false, script: "",
    remote: socket.remoteAddress, port: socket.localPort === PORT, protocol: request.version,
    type: request.headers.get("content-type") ?? null, length: request.headers.get("content-length") ?? null,
  });
}

function inParts(status, headers, parts) {
  return (socket) => {
    socket.write(head(status, { ...headers, Connection: "close" }));
    parts.forEach((part) => socket.write(part));
    socket.end();
  };
}

// RFC 6455, 4.2.1, item by item.
function handshake(socket, request) {
  const list = (name) => splitList(request.headers.get(name) ?? "").map((one) => one.toLowerCase());
  const check = (holds, status, reason, headers) => { if (!holds) throw new Refusal(status, reason, headers); };
  check(request.method === "GET", 405, request.method === "HEAD" ? "" : "the method is GET", { Allow: "GET" });
  check(request.version === "HTTP/1.1", 400, "the version is HTTP/1.1");
  check(list("upgrade").includes("websocket"), 400, "Upgrade: websocket is missing");
  check(list("connection").includes("upgrade"), 400, "Connection: Upgrade is missing");
  const only = { "Sec-WebSocket-Version": "13", Upgrade: "websocket", Connection: "Upgrade" };
  check(request.headers.get("sec-websocket-version") === "13", 426, "the version is 13", only);
  const key = request.headers.get("sec-websocket-key") ?? "";
  check(KEY.test(key), 400, "Sec-WebSocket-Key is 16 bytes in base64");
  const chosen = splitList(request.headers.get("sec-websocket-protocol") ?? "").find((one) => SUBPROTOCOLS.includes(one));
  socket.write(head(101, {
    Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": acceptToken(key),
    ...(chosen && { "Sec-WebSocket-Protocol": chosen }),
  }));
}

function closes(socket, request) {
  inParts(200, { "Content-Type": "text/plain" }, request.query === "fails" ? ["one\n"] : ["one\n", "two\n"])(socket);
}

function websocket(answer, last = "") {
  return async (socket, request, incoming) => {
    handshake(socket, request);
    for (;;) {
      const { found, rest } = frames(incoming.bytes);
      incoming.bytes = rest;
      found.forEach((one) => socket.write(answer(one)));
      if (incoming.ended) { // without a close frame, which these stages do not know yet
        socket.end(last);
        return;
      }
      await incoming.more();
    }
  };
}

const NAMES = { 1: "text", 2: "binary" };
const ROUTES = {
  "/environ": environ,
  "/wsgi": wsgi,
  "/parts": inParts(200, { "Content-Type": "text/plain", "X-Parts": "3" }, ["one\n", "two\n", "three\n"]),
  "/nothing": inParts(200, { "Content-Type": "text/plain", "X-Nothing": "here" }, []),
  "/closes": closes,
  "/closed": (socket) => respond(socket, 200, "closed"), // nothing here waits to be closed
  "/fails": (socket) => respond(socket, 500, "it failed\n"),
  "/fails-late": inParts(200, { "Content-Type": "text/plain" }, ["one\n"]),
  "/protocol": websocket(({ opcode, payload, fin }) => frame(opcode, payload, fin)),
  "/inbox": websocket(({ opcode, payload }) => `${NAMES[opcode]} ${payload.toString("hex")}\n`, "closed 1006\n"),
};

async function serve(socket) {
  const incoming = new Incoming(socket);
  try {
    const request = await readRequest(incoming);
    const route = ROUTES[request.path] ?? (request.path.startsWith("/environ/") ? environ : null);
    if (!route) throw new Refusal(404, "there is nothing here\n");
    await route(socket, request, incoming);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (socket.writable) respond(socket, error.status, error.message, { "Content-Type": "text/plain", ...error.headers });
  }
}

net.createServer({ allowHalfOpen: true, noDelay: true }, serve).listen(PORT, "127.0.0.1");
