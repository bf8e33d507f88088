// How a masked payload becomes readable: each byte as sent, the key's byte at its place, and the two XORed (RFC 6455, 5.3).

import { hexed, plural } from "./model.js"
import { h } from "./dom.js"

/** Bytes that the table spells out. */
const MANY = 24

/** Where the key and the masked bytes of an unmasked buffer are among the bytes as sent; null where nothing was masked. */
export function masking(message, buffer) {
  const unmasked = message.buffers.slice(0, buffer).filter(b => b.name === "unmasked").length
  const key = message.fields.filter(f => f.name === "masking-key")[unmasked]
  const size = message.buffers[buffer]?.size
  const sent = key && message.fields.find(f => f.buffer === 0 && f.start === key.stop && f.stop - f.start === size)
  return sent ? { key: key.start, sent: sent.start, field: message.fields.indexOf(key) } : null
}

/** The two bytes that a byte was made of, and it: (sent, key, made). */
export function xored(message, buffer, at) {
  const found = masking(message, buffer)
  const wire = message.buffers[0].bytes
  return [wire[found.sent + at], wire[found.key + (at % 4)], message.buffers[buffer].bytes[at]]
}

/** The table of one buffer; while a reader predicts, a byte that is not told yet is a button that asks for it. */
export function xorTable(message, buffer, hidden, ask) {
  const size = Math.min(message.buffers[buffer].bytes.length, MANY)
  if (message.buffers[buffer].name !== "unmasked" || !size || !masking(message, buffer)) return ""
  const all = Array.from({ length: size }, (_, at) => xored(message, buffer, at))
  const row = (name, sign, cells) => h("tr", {}, h("th", { scope: "row" }, h("span.sign", { "aria-hidden": "true" }, sign), name), ...cells)
  const cell = (...what) => h("td", {}, ...what)
  const made = all.map(([, , byte], at) => hidden(message, buffer, at)
    ? cell(h("button.ask", { type: "button", "data-buffer": buffer, "data-byte": at, "aria-label": `byte ${at}, hidden`, onclick: () => ask(at) }, "??"))
    : cell(h("b", {}, hexed(byte))))
  const letters = all.map(([, , byte], at) => cell(hidden(message, buffer, at) ? "" : letter(byte)))
  const more = message.buffers[buffer].size - size
  return h("div.xor-box", { tabindex: "0", role: "group", "aria-label": "Unmasking, byte by byte" }, h("table.xor", {},
    h("caption.sr", {}, `Each byte as sent, XOR the key's byte, is the byte unmasked${more > 0 ? `; ${plural(more, "more byte")} the same way` : ""}`),
    h("tbody", {},
      row("as sent", "", all.map(([sent]) => cell(hexed(sent)))),
      row("masking key", "⊕", all.map(([, key]) => cell(hexed(key)))),
      row("unmasked", "=", made),
      row("as text", "", letters))), more > 0 && h("p.quiet", {}, `… and ${plural(more, "more byte")} the same way`))
}

const letter = byte => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : byte === 32 ? "␠" : "·")
