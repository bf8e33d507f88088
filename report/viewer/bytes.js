// The byte pane: the message's bytes cut into fields, a rule where each read ended, a table of what each field means.

import { hexed, lane, plural } from "./model.js"
import { $, breakable, h, reveal, rove } from "./dom.js"
import { go, reached, here, state, theMessage } from "./state.js"
import { masking, xorTable } from "./xor.js"
import { askByte, hiddenByte, hiddenField, masked } from "./predict.js"

const AS_SENT = "as sent"

/** Fields without fields of their own below them in the same buffer: what the bytes are drawn as. */
export function leaves(message, buffer) {
  return message.fields.map((field, at) => ({ ...field, at })).filter(field => {
    const next = message.fields[field.at + 1]
    return field.buffer === buffer && !field.bits && !(next && next.level > field.level && next.buffer === buffer && !next.bits)
  })
}

/** The tabs of a message: each kind of buffer once, and its text. */
function tabs(message) {
  const names = [...new Set(message.buffers.map(buffer => buffer.name))]
  return names.length ? [...names, "text"] : []
}

export function drawBytes() {
  const message = theMessage()
  const names = tabs(message)
  const tab = state.tab || AS_SENT
  $("bytes-pane").hidden = !names.length
  $("tabs").replaceChildren(...names.map(name => h("button", {
    type: "button", role: "tab", id: `tab-${names.indexOf(name)}`, "aria-selected": String(name === tab),
    "aria-controls": "tab-panel", tabindex: name === tab ? "0" : "-1", "data-tab": name, onclick: () => go({ tab: name }),
  }, name)))
  $("tab-panel").setAttribute("aria-labelledby", `tab-${Math.max(0, names.indexOf(tab))}`)
  $("runs").replaceChildren(...(tab === "text" ? [asText(message)] : drawBuffers(message, tab)))
  $("fields").replaceChildren(...rowsOf(message, tab))
  markBytes()
}

function drawBuffers(message, tab) {
  return message.buffers.map((buffer, place) => [buffer, place]).filter(([buffer]) => buffer.name === tab)
    .flatMap(([buffer, at]) => [drawRuns(message, buffer, at), unmasking(message, at)]).filter(Boolean)
}

/** The table of an unmasked payload; while a reader predicts, once they know which bytes are the key. */
function unmasking(message, buffer) {
  const found = masking(message, buffer)
  if (!found || hiddenField(message, found.field)) return ""
  return xorTable(message, buffer, hiddenByte, at => askByte(message, buffer, at))
}

function drawRuns(message, buffer, at) {
  const ends = new Map(at === 0 ? message.chunks.slice(0, -1).map((chunk, i) => [chunk[2], i]) : [])
  const found = []
  for (const field of leaves(message, at)) {
    const button = h("button.run", {
      type: "button", "data-field": field.at, title: hiddenField(message, field.at) ? null : `${field.name}: ${told(message, field)}`,
      onclick: () => choose(message, field.at),
    }, h("span.sr", {}, spoken(message, field)),
      h("span", { "aria-hidden": "true" }, ...cells(message, buffer, at, field, ends)))
    found.push(button)
    if (ends.has(field.stop)) found.push(boundary(message, ends.get(field.stop)))
  }
  const cut = buffer.size - buffer.bytes.length
  if (cut > 0) found.push(h("span.quiet", {}, ` … ${plural(cut, "more byte")}`))
  return h("div.hex", {}, ...(found.length ? found : [h("span.quiet", {}, "no bytes")]))
}

function boundary(message, chunk) {
  const [op] = message.chunks[chunk]
  return h("span.boundary", { title: `here a ${op} ended` }, h("span.sr", {}, `here a ${op} ended`))
}

function cells(message, buffer, which, field, ends) {
  const blank = at => buffer.blank.some(([start, stop]) => at >= start && at < stop)
  const found = []
  const stop = Math.min(field.stop, buffer.bytes.length)
  for (let at = field.start; at < stop; at++) {
    const hidden = hiddenByte(message, which, at)
    const text = blank(at) ? "··" : hidden ? "??" : hexed(buffer.bytes[at])
    found.push(h(`span.byte${hidden ? ".hidden" : ""}`, { title: blank(at) ? "differs on every run" : null }, text))
    if (ends.has(at + 1) && at + 1 < field.stop) found.push(boundary(message, ends.get(at + 1)))
  }
  return found
}

function spoken(message, field) {
  const bytes = [...message.buffers[field.buffer].bytes.slice(field.start, Math.min(field.stop, field.start + 8))]
    .map((byte, i) => (hiddenByte(message, field.buffer, field.start + i) ? "hidden" : hexed(byte))).join(" ")
  if (hiddenField(message, field.at)) return `bytes whose meaning is hidden: ${bytes}`
  return `${field.name}: ${told(message, field) || bytes}, ${plural(field.stop - field.start, "byte")}`
}

/** A field's value, but for what it would give away. */
function told(message, field) {
  if (!state.predict) return field.value
  const hidden = field.buffer > 0 ? [...Array(field.stop - field.start).keys()].some(i => hiddenByte(message, field.buffer, field.start + i)) : masked(message, field)
  return hidden ? "…" : field.value
}

function asText(message) {
  const best = message.buffers.length > 1 ? message.buffers.slice(1).filter(b => b.name === message.buffers.at(-1).name) : payload(message)
  if (best.some(buffer => hiddenByte(message, message.buffers.indexOf(buffer), 0))) return h("pre.as-text", {}, "hidden until you unmasked it, or came to the last step")
  const bytes = best.flatMap(buffer => [...buffer.bytes])
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))
  const blank = best.some(buffer => buffer.blank.length)
  return h("pre.as-text", {}, printable(blank ? text.replace(/\0+/g, "‹differs on every run›") : text))
}

/** What has no picture, or would turn the line around, as its number; lines stay lines. */
function printable(text) {
  return text.replace(/\r(?=\n)/g, "").replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, c => {
    const code = c.codePointAt(0)
    return code < 256 ? `\\x${hexed(code)}` : `\\u${code.toString(16).padStart(4, "0")}`
  })
}

/** The bytes that text is made of: a payload that was not masked, else all of the message. */
function payload(message) {
  const fields = message.fields.filter(field => field.name === "payload data" && field.buffer === 0)
  if (!fields.length) return message.buffers
  return fields.map(field => ({ bytes: message.buffers[0].bytes.slice(field.start, field.stop), blank: [] }))
}

function rowsOf(message, tab) {
  const above = [] // what the fields around this one said: what is the same is not said again
  const rows = []
  message.fields.forEach((field, at) => {
    above.length = field.level
    const outer = above.findLast(one => one) ?? { who: "", section: "" }
    above.push({ who: field.who || outer.who, section: field.section || outer.section })
    const other = message.buffers[field.buffer].name !== tab && tab !== "text"
    if (field.bits && rows.at(-1)?.ruler) rows.at(-1).ruler.append(bitButton(message, field, at))
    else if (field.bits) {
      const ruler = h("div.ruler", {}, bitButton(message, field, at))
      rows.push(Object.assign(h("tr", { class: other ? "other" : null }, h("td", { colspan: "4" }, ruler)), { ruler }))
    } else rows.push(rowOfField(message, field, at, outer, other))
  })
  return rows
}

/** A run of bits: its name over its value, as the RFC draws them. */
function bitButton(message, field, at) {
  const hidden = hiddenField(message, at)
  const byte = message.buffers[field.buffer].bytes[field.start] ?? 0
  const bits = byte.toString(2).padStart(8, "0").slice(...field.bits)
  const meaning = field.value && field.value !== bits ? ` ${field.value.replace(/^\d+: /, "")}` : ""
  const button = h("button.field", { type: "button", "data-field": at, title: `${where(message, field)}, ${field.section}`, onclick: () => choose(message, at) },
    h("span.name", {}, hidden ? "?" : field.name), h("span.bits", {}, bits, hidden ? "" : h("b", {}, meaning)))
  button.style.flexGrow = field.bits[1] - field.bits[0]
  return button
}

function rowOfField(message, field, at, outer, other) {
  const hidden = hiddenField(message, at)
  const name = h("button.field", { type: "button", "data-field": at, onclick: () => choose(message, at) }, hidden ? "?" : field.name)
  name.style.setProperty("--level", field.level)
  return h("tr", { "data-field": at, class: other ? "other" : null },
    h("th", { scope: "row" }, name),
    h("td.where", {}, where(message, field)),
    h("td.value", {}, hidden ? "…" : told(message, field), !hidden && field.section !== outer.section && h("span.rfc", {}, field.section)),
    h("td.who", {}, hidden || field.who === outer.who ? "" : who(message, field)))
}

function who(message, field) {
  if (!field.who) return ""
  const step = message.steps[field.step]
  const [name, at] = field.who.split(", ")
  return h(`span${step ? `.chip-line.lane-${lane(step.lane).hue}` : ""}`, { title: `${field.exact ? "exactly these bytes" : "as part of a longer run"}: ${field.who}` },
    field.exact ? "" : "≈ ", ...breakable(name), h("span.quiet", {}, `:${at.split(":").at(-1)}`))
}

function where(message, field) {
  const buffer = message.buffers[field.buffer].name
  const run = field.stop - field.start > 1 ? `${field.start}–${field.stop - 1}` : `${field.start}`
  const bits = field.bits && (field.bits[1] - field.bits[0] > 1 ? ` bits ${field.bits[0]}–${field.bits[1] - 1}` : ` bit ${field.bits[0]}`)
  return (buffer === AS_SENT ? "" : `${buffer} `) + run + (bits || "")
}

/** Choosing a field chooses the step that took or made it, and the tab where its bytes are. */
export function choose(message, at) {
  const field = message.fields[at]
  const tab = message.buffers[field.buffer].name
  go({ field: at, tab: tab === AS_SENT && state.tab !== "text" ? "" : state.tab === "text" ? "text" : tab,
    ...(field.step >= 0 && !(state.predict && field.step > reached.get(here())) ? { step: field.step } : {}) })
}

export function markBytes() {
  const message = theMessage()
  const field = message.fields[state.field]
  const runs = [...$("runs").querySelectorAll("button.run")]
  const chosen = []
  for (const run of runs) {
    const its = message.fields[Number(run.dataset.field)]
    const inside = field && its.buffer === field.buffer && its.start >= field.start && its.stop <= field.stop
    const around = field && its.buffer === field.buffer && field.start >= its.start && field.stop <= its.stop
    run.classList.toggle("chosen", Boolean(inside || around))
    run.classList.toggle("of-step", its.step === state.step)
    if (inside || around) chosen.push(run)
  }
  rove(runs, chosen[0])
  const buttons = [...$("fields").querySelectorAll("button.field")]
  for (const row of $("fields").querySelectorAll("tr[data-field]")) {
    const at = Number(row.dataset.field)
    row.classList.toggle("chosen", at === state.field)
    row.classList.toggle("of-step", message.fields[at].step === state.step && state.step >= 0)
  }
  const current = buttons.find(button => Number(button.dataset.field) === state.field)
  for (const button of buttons) {
    if (button === current) button.setAttribute("aria-current", "true")
    else button.removeAttribute("aria-current")
  }
  rove(buttons, current)
  reveal($("fields-box"), current)
  if (chosen[0]) reveal($("bytes-head"), chosen[0], 4)
}
