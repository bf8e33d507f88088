// The lanes: one column a library, one row a step; an arrow leads from the caller's column to the callee's.

import { called, data, lane, plural } from "./model.js"
import { $, h, plainly, reveal, rove } from "./dom.js"
import { around, rowOf, rows } from "./rows.js"
import { go, reached, here, state, theMessage, theRecording } from "./state.js"
import { hiddenFrom } from "./predict.js"

/** Rows that are drawn at once; the rest on demand. */
const MANY = 600
let shown = []
let limit = MANY

export const visible = () => shown

/** The columns that a message uses, in the order of the onion. */
export function columns(message) {
  const used = new Set(message.steps.map(step => step.lane))
  for (const way of message.ways) for (const leg of way.legs) if (leg.lane >= 0) used.add(leg.lane)
  return data.lanes.map((_, place) => place).filter(place => used.has(place))
}

export function drawLanes(fresh) {
  if (fresh) limit = MANY
  const message = theMessage()
  const used = columns(message)
  const pane = $("lanes")
  pane.style.setProperty("--lanes", used.length)
  $("lane-names").replaceChildren(...used.map((place, i) => {
    const name = h(`span.lane-name.lane-${lane(place).hue}`, { title: lane(place).said || null }, lane(place).name)
    name.style.setProperty("--column", i)
    return name
  }))
  shown = rows(message.steps, state.calls, state.unfolded)
  const on = legsByRow(message)
  const end = Math.min(hiddenFrom(shown), limit)
  const list = shown.slice(0, end).map((row, at) => drawRow(row, at, message, used, on.get(at)))
  $("steps").replaceChildren(...list)
  const more = shown.length - end
  $("more").hidden = more <= 0 || state.predict
  $("more").textContent = `Show ${plural(Math.min(more, MANY), "more step")} of ${more.toLocaleString("en")}`
  const told = state.predict ? message.steps.slice(0, reached.get(here()) + 1) : message.steps
  $("race").hidden = new Set(told.map(step => step.thread)).size < 2
  markLanes()
}

export function showMore() {
  limit += MANY
  drawLanes(false)
}

/** For each row the legs of the message's journeys that lie in it. */
function legsByRow(message) {
  const found = new Map()
  for (const way of message.ways) {
    for (const leg of way.legs) if (leg.step >= 0) found.set(rowOf(shown, leg.step), leg)
  }
  return found
}

function drawRow(row, at, message, used, leg) {
  const step = message.steps[row.at]
  const column = used.indexOf(step.lane)
  const before = at ? message.steps[shown[at - 1].at] : null
  const button = h("button.step", {
    type: "button", "data-step": row.at, title: step.note ? plainly(step.note) : null,
    onclick: () => go({ step: row.at, field: fieldOf(message, row.at) }),
  },
    h("span.number", {}, String(at + 1)),
    track(step, column, fromColumn(message, row.at, used), leg),
    h(`span.label.lane-${lane(step.lane).hue}`, {},
      h("span", { class: before && before.lane === step.lane ? "lane-prefix same" : "lane-prefix" }, `${lane(step.lane).name} `),
      h("span.name", {}, called(step)),
      row.times > 1 && h("span.times", {}, ` × ${row.times}`),
      row.turn > 1 || row.open ? h("span.turn", {}, ` ${row.turn}`) : "",
      told(step)))
  button.style.setProperty("--depth", Math.min(row.depth, 14))
  const item = h("li", { class: `row ${step.kind}${leg ? " journey" : ""}${step.crosses ? "" : " inner"}` })
  if (!before || before.thread !== step.thread) item.append(threadMark(step.thread))
  item.append(button)
  if (row.times > 1) item.append(foldButton(row))
  return item
}

function told(step) {
  if (step.kind === "wire") return step.value && h("span.out", {}, ` ${step.value}`)
  if (!step.value || step.value === "None") return ""
  return h("span.out", {}, ` ${{ raised: "↯", yielded: "⇢" }[step.ended] ?? "→"} ${step.value}`)
}

function threadMark(thread) {
  const [label, name] = theRecording().threads[thread] ?? ["?", ""]
  return h("p.thread-mark", {}, h("b", {}, label === "main" ? "main thread" : `thread ${label}`), label === "main" ? "" : ` ${name}`)
}

/** The column that a step comes from: that of the function that called it, else of the step around it. */
function fromColumn(message, at, used) {
  const step = message.steps[at]
  const outer = around(message.steps, at)
  const place = step.caller >= 0 ? data.functions[step.caller].lane : outer >= 0 ? message.steps[outer].lane : step.lane
  const column = used.indexOf(place)
  return column < 0 ? used.indexOf(step.lane) : column
}

/** The dot in the step's column and the arrow that leads there; of bytes that came in, from the socket to who read. */
function track(step, column, from, leg) {
  const box = h(`span.track.lane-${lane(step.lane).hue}`, { "aria-hidden": "true" })
  if (column !== from) {
    const back = step.kind === "wire" && step.chunk >= 0 && theMessage().direction === "in" ? from < column : column < from
    const arrow = h(`i.arrow${back ? ".back" : ""}`)
    arrow.style.setProperty("--a", Math.min(column, from))
    arrow.style.setProperty("--b", Math.max(column, from))
    box.append(arrow)
  }
  const dot = h(`i.dot${leg ? ".on" : ""}`)
  dot.style.setProperty("--column", column)
  box.append(dot)
  return box
}

function foldButton(row) {
  const what = row.length > 1 ? `these ${row.length} rows` : "it"
  return h("button.fold", {
    type: "button", "aria-expanded": String(row.open), "data-fold": row.fold,
    onclick: () => {
      const unfolded = new Set(state.unfolded)
      if (!unfolded.delete(row.fold)) unfolded.add(row.fold)
      go({ unfolded })
    },
  }, row.open ? "fold" : `unfold ${row.times} × ${what}`)
}

/** The first field that a step took or made, -1 where it is none. */
export function fieldOf(message, at) {
  return message.fields.findIndex(field => field.step === at)
}

export function markLanes() {
  const current = shown[rowOf(shown, state.step)]
  for (const old of $("steps").querySelectorAll("li.inside")) old.remove()
  const row = current && $("steps").querySelector(`button.step[data-step="${current.at}"]`)
  const deeper = row && current.at !== state.step
  if (deeper) row.closest("li").after(drawInside())
  const list = [...$("steps").querySelectorAll("button.step")]
  const chosen = deeper ? list[list.indexOf(row) + 1] : row
  for (const button of list) {
    if (button === chosen) button.setAttribute("aria-current", "step")
    else button.removeAttribute("aria-current")
  }
  rove(list, chosen)
  reveal($("lanes"), chosen)
}

/** The chosen step, where it is a call inside the one that its row shows. */
function drawInside() {
  const message = theMessage()
  const step = message.steps[state.step]
  const used = columns(message)
  const button = h("button.step", { type: "button", "data-step": state.step, title: step.note ? plainly(step.note) : null },
    h("span.number", {}, "└"),
    track(step, used.indexOf(step.lane), used.indexOf(step.lane)),
    h(`span.label.lane-${lane(step.lane).hue}`, {},
      h("span.lane-prefix", {}, `${lane(step.lane).name} `), h("span.name", {}, called(step)), told(step)))
  button.style.setProperty("--depth", 1)
  return h("li.row.inner.inside", {}, button)
}
