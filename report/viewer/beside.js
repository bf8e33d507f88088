// Two recordings side by side, floor by floor: what each library did for a message, and what the other stack did.

import { called, data, lane, lines, open, plural, recording, address, fn } from "./model.js"
import { $, h, link } from "./dom.js"
import { go, messages, state, theMessage } from "./state.js"

export function drawChoices() {
  const choice = $("beside")
  choice.replaceChildren(h("option", { value: "" }, "nothing"), ...data.recordings.map(r => h("option", { value: r.name }, r.name)))
  choice.addEventListener("change", () => go({ beside: choice.value }))
}

/** The message of the other recording that stands where this one does: as many of its kind before it. */
function counterpart(other) {
  const message = theMessage()
  const alike = m => m.direction === message.direction && m.kind === message.kind
  const before = messages().slice(0, messages().findIndex(m => m.id === message.id)).filter(alike).length
  const found = other.messages.filter(alike)
  return found[before] ?? found.at(-1)
}

export function drawBeside() {
  const choice = $("beside")
  choice.value = state.beside
  for (const option of choice.options) option.disabled = option.value === state.recording
  const other = recording(state.beside)
  $("beside-pane").hidden = !other
  if (!other) return
  const theirs = counterpart(other)
  if (!theirs) {
    $("beside-table").replaceChildren(h("p.quiet", {}, `${other.name} has no such message.`))
    return
  }
  const left = floors(theMessage()), right = floors(open(theirs))
  const names = [...new Set([...data.lanes.map(l => l.floor)])].filter(name => left.has(name) || right.has(name))
  $("beside-table").replaceChildren(h("table.beside", {},
    h("caption", {}, `${theMessage().kind} ${theMessage().title}: ${plural(total(left), "call")} in ${state.recording}, ${plural(total(right), "call")} in ${other.name}`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "floor"), h("th", { scope: "col" }, state.recording), h("th", { scope: "col" }, other.name))),
    h("tbody", {}, ...names.map(name => h("tr", {},
      h("th", { scope: "row", class: `lane-${hueOf(name)}` }, name), cell(left.get(name), state.recording, theMessage().id), cell(right.get(name), other.name, theirs.id))))))
}

const hueOf = name => data.lanes.find(l => l.name === name || l.floor === name)?.hue ?? 0
const total = found => [...found.values()].reduce((sum, list) => sum + list.reduce((n, one) => n + one.times, 0), 0)

/** The functions that ran on each floor, in order, each once with its count and its executed lines. */
function floors(message) {
  const found = new Map()
  message.steps.forEach((step, at) => {
    if (step.kind === "handoff" || step.kind === "return") return
    const floor = lane(step.lane).floor
    const list = found.get(floor) ?? found.set(floor, []).get(floor)
    const known = list.find(one => one.name === called(step))
    if (known) known.times++
    else list.push({ name: called(step), at, times: 1, fn: step.fn, ran: new Set(lines(step.ran)).size })
  })
  return found
}

function cell(list, name, message) {
  if (!list) return h("td.nothing", {}, "—")
  return h("td", {}, h("ul", {}, ...list.map(one => h("li", {},
    h("button.to", { type: "button", onclick: () => go({ recording: name, message, step: one.at, calls: true, beside: state.recording === name ? state.beside : state.recording }) }, one.name),
    one.times > 1 && ` × ${one.times}`,
    one.fn >= 0 && [" ", link(address(fn(one.fn).file, fn(one.fn).first, fn(one.fn).last), size(one))]))))
}

const size = one => `${plural(fn(one.fn).last - fn(one.fn).first + 1, "line")} ↗`
