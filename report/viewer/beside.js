// Two recordings side by side: one stair of floors in the middle, what each stack did on a floor at its left and right,
// the same floor of both at the same height. A floor is the work that a library does, whoever does it.

import { address, called, data, fn, lane, open, plural, recording } from "./model.js"
import { $, breakable, h, link, reveal, rove } from "./dom.js"
import { go, messages, state, theMessage, theRecording } from "./state.js"

export function drawChoices() {
  $("beside").addEventListener("change", () => go({ beside: $("beside").value }))
}

/** The message of the other recording that stands where this one does: as many of its kind before it. */
function counterpart() {
  const other = recording(state.beside)
  const message = theMessage()
  const alike = m => m.direction === message.direction && m.kind === message.kind
  const before = messages().slice(0, messages().findIndex(m => m.id === message.id)).filter(alike).length
  const found = other?.messages.filter(alike) ?? []
  return found[before] ? open(found[before]) : null
}

/** The step of the other recording that is looked at, and that recording; null where it is this one's. */
export function besideStep() {
  const step = state.beside && state.peek >= 0 ? counterpart()?.steps[state.peek] : null
  return step ? { step, from: recording(state.beside) } : null
}

export function drawBeside() {
  $("beside").value = state.beside
  for (const option of $("beside").options) option.disabled = option.value === state.recording
  const other = recording(state.beside)
  $("beside-pane").hidden = !other
  $("work").classList.toggle("compared", Boolean(other))
  if (!other) return
  const theirs = counterpart()
  if (!theirs) {
    $("beside-table").replaceChildren(h("p.quiet", {}, `${other.name} has no such message.`))
    return
  }
  const left = visits(theMessage()), right = visits(theirs)
  const stair = data.lanes.map(one => one.floor).filter((name, at, all) => all.indexOf(name) === at)
    .filter(name => [...left, ...right].some(visit => visit.floor === name))
  let thread = null
  const rows = aligned(left, right).flatMap(([a, b]) => {
    const fresh = a && a.thread !== thread
    thread = a ? a.thread : thread
    return [fresh && turn(a), h("tr", {}, cell(a, true), floor((a ?? b).floor, stair, a, b), cell(b, false))].filter(Boolean)
  })
  $("beside-table").replaceChildren(h("table.beside", {},
    h("caption", {}, `${theMessage().kind} ${theMessage().title}: ${calls(theMessage())} in ${state.recording}, ${calls(theirs)} in ${other.name}. The same floor of both stands at the same height.`),
    h("thead", {}, h("tr", {}, h("th.left", { scope: "col" }, state.recording), h("th", { scope: "col" }, "floor"), h("th", { scope: "col" }, other.name))),
    h("tbody", {}, ...rows)))
  markBeside()
}

const calls = message => plural(message.steps.filter(step => step.kind === "call").length, "call")

/** What a message did, floor after floor: { floor, thread, list of { name, at, times, fn } }. */
function visits(message) {
  const found = []
  message.steps.forEach((step, at) => {
    if (!step.crosses) return
    const { floor } = lane(step.lane)
    let visit = found.at(-1)
    if (!visit || visit.floor !== floor || visit.thread !== step.thread) found.push((visit = { floor, thread: step.thread, list: [] }))
    const known = visit.list.find(one => one.name === called(step))
    if (known) known.times++
    else visit.list.push({ name: called(step), at, times: 1, fn: step.fn })
  })
  return found
}

/** Pairs of visits in order, those of one floor together as often as can be (the longest common subsequence). */
function aligned(left, right) {
  const best = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1))
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      best[i][j] = left[i].floor === right[j].floor ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1])
    }
  }
  const found = []
  let i = 0, j = 0
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i].floor === right[j].floor) found.push([left[i++], right[j++]])
    else if (j >= right.length || (i < left.length && best[i + 1][j] >= best[i][j + 1])) found.push([left[i++], null])
    else found.push([null, right[j++]])
  }
  return found
}

function turn(visit) {
  const [label, name] = theRecording().threads[visit.thread] ?? ["?", ""]
  return h("tr.turn", {}, h("td", { colspan: "3" }, h("b", {}, label === "main" ? "main thread" : `thread ${label}`), label === "main" ? "" : ` ${name}`))
}

function floor(name, stair, a, b) {
  const hue = data.lanes.find(one => one.name === name || one.floor === name)?.hue ?? 0
  const chip = h(`span.floor.lane-${hue}`, {}, name)
  const box = h("th", { scope: "row", class: a && b ? "both" : a ? "only-left" : "only-right" }, chip)
  box.style.setProperty("--stair", stair.indexOf(name) / Math.max(1, stair.length - 1))
  return box
}

function cell(visit, mine) {
  const side = mine ? "td.left" : "td.right"
  if (!visit) return h(`${side}.nothing`, {}, h("span", { "aria-label": "nothing on this floor" }, "—"))
  return h(side, {}, h("ul", {}, ...visit.list.map(one => h("li", {},
    h("button.to", { type: "button", "data-at": one.at, "data-mine": mine ? 1 : 0, onclick: () => go(mine ? { step: one.at, peek: -1 } : { peek: one.at }) }, ...breakable(one.name)),
    one.times > 1 && ` × ${one.times}`,
    one.fn >= 0 && [" ", size(one.fn)]))))
}

function size(place) {
  const { file, first, last } = fn(place)
  const lines = plural(last - first + 1, "line")
  return link(address(file, first, last), lines) || h("span.quiet", {}, lines)
}

/** Which function's source is shown: this recording's step, or the other one's that the reader looks at. */
export function markBeside() {
  if ($("beside-pane").hidden) return
  const buttons = [...$("beside-table").querySelectorAll("button.to")]
  const wanted = state.peek >= 0 ? ["0", state.peek] : ["1", state.step]
  const before = buttons.filter(one => one.dataset.mine === wanted[0] && Number(one.dataset.at) <= wanted[1])
  const chosen = before.reduce((best, one) => (best && Number(best.dataset.at) > Number(one.dataset.at) ? best : one), null)
  for (const one of buttons) {
    if (one === chosen) one.setAttribute("aria-current", "step")
    else one.removeAttribute("aria-current")
  }
  rove(buttons, chosen)
  reveal($("beside-pane"), chosen)
}
