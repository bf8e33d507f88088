// HTTP requests and WebSocket frames out of bytes: what server.js and functions.js share. RFC 9112, RFC 6455.
"use strict";

const crypto = require("node:crypto");

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3
const MAX_HEAD = 1 << 14, MAX_BODY = 1 << 24; // bytes
const TOKEN = "[!#$%&'*+\\-.^_`|~\\w]+";
const LINE = new RegExp(`^(${TOKEN}) (?:\\w+://[\\w.~%:\\[\\]-]+|(?=/))([!-~]*) (HTTP/1\\.[01])$`);
const FIELD = new RegExp(`^(${TOKEN}):([\\t -~\\x80-\\xff]*)$`);
const HOST = /^(?:[!$&'()*+;=\-._~%\w]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$/;

class Refusal extends Error {
  constructor(status, reason, headers = {}) {
    super(reason);
    this.status = status;
    this.headers = headers;
  }
}

// Reads out of what arrives: `take` is called with more bytes, the generators below say how much they need next.
class Incoming {
  constructor(socket) {
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.wake = () => {};
    socket.on("data", (data) => { this.bytes = Buffer.concat([this.bytes, data]); this.wake(); });
    socket.on("end", () => { this.ended = true; this.wake(); });
    socket.on("error", () => { this.ended = true; this.wake(); });
  }

  async more() {
    if (this.ended) throw new Refusal(400, "the connection ended before the request did");
    await new Promise((resolve) => { this.wake = resolve; });
  }

  async line(room, status) {
    let end;
    while ((end = this.bytes.indexOf("\n")) < 0) {
      if (this.bytes.length > room) throw new Refusal(status, "a line is too long");
      await this.more();
    }
    if (end >= room) throw new Refusal(status, "a line is too long");
    const line = this.bytes.subarray(0, end + 1).toString("latin1");
    this.bytes = this.bytes.subarray(end + 1);
    if (!line.endsWith("\r\n")) throw new Refusal(400, "a line ends with CRLF");
    return line.slice(0, -2);
  }

  async read(size) {
    while (this.bytes.length < size) await this.more();
    const data = this.bytes.subarray(0, size);
    this.bytes = this.bytes.subarray(size);
    return data;
  }
}

async function readFields(incoming) {
  const headers = new Map();
  let room = MAX_HEAD, line;
  while ((line = await incoming.line(room, 431)) !== "") {
    room -= line.length + 2;
    const field = FIELD.exec(line);
    if (!field) throw new Refusal(400, "this is no header field");
    const name = field[1].toLowerCase(), value = field[2].replace(/^[\t ]+|[\t ]+$/g, "");
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  return headers;
}

async function readRequest(incoming) {
  let first = await incoming.line(MAX_HEAD, 414);
  if (first === "") first = await incoming.line(MAX_HEAD, 414); // RFC 9112, 2.2
  const words = LINE.exec(first);
  if (!words) throw new Refusal(400, "this is no METHOD target HTTP/1.1");
  const [, method, target, version] = words;
  const headers = await readFields(incoming);
  const host = headers.get("host") ?? (version === "HTTP/1.0" ? "" : null);
  if (host === null || !HOST.test(host)) throw new Refusal(400, "there must be one header Host");
  const mark = target.indexOf("?");
  const path = unquoted((mark < 0 ? target : target.slice(0, mark)) || "/");
  return { method, version, headers, path, query: mark < 0 ? "" : target.slice(mark + 1), body: await readBody(incoming, headers) };
}

function unquoted(text) {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

async function readBody(incoming, headers) {
  const coding = headers.get("transfer-encoding"), length = headers.get("content-length") ?? "0";
  if (!/^[0-9]{1,18}$/.test(length) || (coding !== undefined && headers.has("content-length"))) {
    throw new Refusal(400, "Content-Length is no number, or not the only length");
  }
  if (coding === undefined) {
    if (Number(length) > MAX_BODY) throw new Refusal(413, "the body is too large");
    return incoming.read(Number(length));
  }
  if (coding.toLowerCase() !== "chunked") throw new Refusal(501, "the only transfer coding is chunked");
  const parts = [];
  for (let total = 0; ;) {
    const size = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t -~\x80-\xff]*)?$/.exec(await incoming.line(MAX_HEAD, 400));
    if (!size) throw new Refusal(400, "a chunk does not begin with its size");
    const count = parseInt(size[1], 16);
    if (count === 0) {
      await readFields(incoming);
      return Buffer.concat(parts);
    }
    if ((total += count) > MAX_BODY) throw new Refusal(413, "the body is too large");
    parts.push(await incoming.read(count));
    if ((await incoming.read(2)).toString("latin1") !== "\r\n") throw new Refusal(400, "a chunk is longer than its size");
  }
}

function splitList(value) {
  return (value.match(/(?:"[^"]*"|[^,])+/g) ?? []).map((one) => one.trim()).filter(Boolean);
}

function acceptToken(key) {
  return crypto.createHash("sha1").update(key + GUID).digest("base64");
}

function mask(payload, key, offset) {
  return Buffer.from(payload.map((byte, at) => byte ^ key[(at + offset) % 4]));
}

function frame(opcode, payload, fin) {
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, payload.length]), payload]); // up to 125 bytes
}

// The frames at the beginning of `bytes`, and what is left.
function frames(bytes) {
  const found = [];
  while (bytes.length >= 2) {
    const masked = bytes[1] >> 7, size = bytes[1] & 0x7f, head = 2 + (masked ? 4 : 0);
    if (bytes.length < head + size) break;
    const payload = bytes.subarray(head, head + size);
    found.push({
      opcode: bytes[0] & 0x0f, fin: Boolean(bytes[0] >> 7),
      payload: masked ? mask(payload, bytes.subarray(2, 6), 0) : Buffer.from(payload),
    });
    bytes = bytes.subarray(head + size);
  }
  return { found, rest: bytes };
}

module.exports = { Incoming, Refusal, acceptToken, frame, frames, mask, readRequest, splitList };
