// The search box: functions, values, hex. It looks through every message of every recording on the page.

import { called, data, lane, open } from "./model.js"
import { $, h } from "./dom.js"
import { go, state } from "./state.js"

const MOST = 40

/** What was found: { recording, message, at (a step) or field, what, where }. */
export function find(wanted) {
  const words = wanted.trim().toLowerCase()
  const hex = /^(0x)?([0-9a-f]{2}[\s:]*)+$/.test(words) && words.replace(/^0x/, "").replace(/[\s:]/g, "").length >= 4
    ? words.replace(/^0x/, "").replace(/[\s:]/g, "") : ""
  const found = []
  if (words.length < 2) return found
  const here = data.recordings.filter(r => r.name === state.recording)
  for (const r of [...here, ...data.recordings.filter(r => r.name !== state.recording)]) {
    for (const message of r.messages) {
      if (found.length >= MOST) return found
      lookIn(r, open(message), words, hex, found)
    }
  }
  return found
}

function lookIn(r, message, words, hex, found) {
  const seen = new Set()
  const add = (key, hit) => {
    if (seen.has(key) || found.length >= MOST) return
    seen.add(key)
    found.push({ recording: r.name, message, ...hit })
  }
  const place = hex ? message.buffers.findIndex(buffer => indexOf(buffer.hex, hex) >= 0) : -1
  if (place >= 0) {
    const at = indexOf(message.buffers[place].hex, hex)
    const field = lastIndex(message.fields, f => f.buffer === place && f.start <= at && at < f.stop && !f.bits)
    add("hex", { field, what: hex.match(/../g).join(" "), where: `${message.buffers[place].name}, byte ${at}` })
  }
  message.fields.forEach((field, at) => {
    if (`${field.name}: ${field.value}`.toLowerCase().includes(words)) add(`f${field.name}${field.value}`, { field: at, what: `${field.name}: ${field.value}`, where: "a field" })
  })
  message.steps.forEach((step, at) => {
    const named = `${lane(step.lane).name} ${step.name}`
    if (named.toLowerCase().includes(words)) add(`n${step.fn}${step.name}`, { at, what: called(step), where: lane(step.lane).name })
    const value = [step.value, ...step.args.map(([name, v]) => `${name}=${v}`)].find(v => v.toLowerCase().includes(words))
    if (value !== undefined) add(`v${value}`, { at, what: value, where: `${lane(step.lane).name}, ${step.name}` })
  })
}

function indexOf(hex, wanted) {
  for (let at = hex.indexOf(wanted); at >= 0; at = hex.indexOf(wanted, at + 1)) if (at % 2 === 0) return at / 2
  return -1
}

function lastIndex(list, test) {
  for (let i = list.length - 1; i >= 0; i--) if (test(list[i])) return i
  return -1
}

export function drawSearch() {
  const box = $("search")
  if (box.value !== state.search) box.value = state.search
  const hits = state.search ? find(state.search) : []
  $("hits-pane").hidden = !state.search
  $("hits-count").textContent = hits.length ? `${hits.length}${hits.length === MOST ? " or more" : ""} found` : "nothing found"
  $("hits").replaceChildren(...hits.map((hit, at) => h("li", {}, h("button", { type: "button", "data-hit": at, onclick: () => take(hit) },
    h("code", {}, hit.what.length > 90 ? `${hit.what.slice(0, 90)}…` : hit.what), " ",
    h("span.quiet", {}, `${hit.where} · ${hit.recording}, ${hit.message.kind} ${hit.message.title}`.slice(0, 110))))))
}

function take(hit) {
  const { at, field } = hit
  const step = at ?? (field >= 0 ? hit.message.fields[field].step : -1)
  const tab = field >= 0 ? hit.message.buffers[hit.message.fields[field].buffer].name : ""
  go({
    recording: hit.recording, message: hit.message.id, ...(step >= 0 ? { step } : {}),
    field: field ?? -1, tab: tab === "as sent" ? "" : tab, search: "",
    calls: state.calls || (step >= 0 && !hit.message.steps[step].crosses),
  })
  $("steps").querySelector("[aria-current]")?.focus()
}
