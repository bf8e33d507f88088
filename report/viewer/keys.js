// Everything by keyboard: arrows step, letters open panes; inside a list the arrows stay in the list.

import { $ } from "./dom.js"
import { address, fn } from "./model.js"
import { around, rowOf } from "./rows.js"
import { go, messageAt, messages, state, theMessage, theStep } from "./state.js"
import { fieldOf, visible } from "./lanes.js"
import { choose } from "./bytes.js"
import { askStep, hiddenFrom, withdraw } from "./predict.js"

/** One row on or back; in predict mode the next one is asked for. */
export function move(by) {
  const all = visible()
  const place = rowOf(all, state.step) + by
  if (by > 0 && place >= hiddenFrom(all) && askStep(all)) return
  if (!all[place]) return turn(by, by > 0 ? "first" : "last")
  go({ step: all[place].at, field: fieldOf(theMessage(), all[place].at) })
}

/** One message on or back. */
export function turn(by, end = "first") {
  const next = messages()[messageAt() + by]
  if (!next) return
  go({ message: next.id })
  if (end === "last" && !state.predict) go({ step: visible().at(-1)?.at ?? 0 })
}

/** Into the first call inside this one, opening every call where that is hidden; or out to the call around it. */
export function inside() {
  const { steps } = theMessage()
  const next = steps[state.step + 1]
  if (next && next.depth > theStep().depth && !state.predict) go({ step: state.step + 1, calls: state.calls || !next.crosses })
}

export function outside() {
  const { steps } = theMessage()
  const at = around(steps, state.step)
  if (at >= 0) go({ step: at, calls: state.calls || !steps[at].crosses })
}

const KEYS = {
  ArrowRight: () => move(1),
  ArrowLeft: () => move(-1),
  ArrowDown: inside,
  ArrowUp: outside,
  "]": () => turn(1),
  "[": () => turn(-1),
  b: () => ($("runs").querySelector("button[tabindex='0']") ?? $("tabs").querySelector("[tabindex='0']"))?.focus(),
  a: () => go({ calls: !state.calls }),
  g: follow,
  "?": () => help(true),
  "/": () => $("search").focus(),
}

function follow() {
  const step = theStep()
  const url = step.fn >= 0 ? address(fn(step.fn).file, fn(step.fn).first, fn(step.fn).last)
    : step.caller >= 0 ? address(fn(step.caller).file, step.line, step.line) : ""
  if (url) window.open(url, "_blank", "noopener,noreferrer")
}

export function help(open) {
  const dialog = $("help")
  if (open && !dialog.open) dialog.showModal()
  if (!open && dialog.open) dialog.close()
}

export function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const at = event.target
  if (event.key === "Escape") return escape(event, at)
  if (at.matches?.("input:not([type=checkbox]), select, textarea") || $("help").open) return
  const list = at.closest?.("#contents, #tabs, #runs, #fields, #choices, #hits, #beside-table")
  if (list && event.key.startsWith("Arrow") && within(list, at, event)) return
  const letter = !event.key.startsWith("Arrow")
  if (letter && !state.keys && event.key !== "?") return
  const action = KEYS[event.key]
  if (!action) return
  event.preventDefault()
  const stepping = at.matches?.("button.step")
  action()
  if (stepping && !document.activeElement?.closest("#quiz, #runs, #tabs, #search")) $("steps").querySelector("[aria-current='step']")?.focus()
}

function escape(event, at) {
  if ($("help").open) return
  if (state.search) go({ search: "" })
  else if (withdraw()) go({})
  else if (state.beside) go({ beside: "" })
  if (at !== document.body && !at.matches("button.step")) $("steps").querySelector("[aria-current='step']")?.focus()
  event.preventDefault()
}

/** Arrows inside a list: to the next or the one before; the choice follows in lists that choose. */
function within(list, at, event) {
  const buttons = [...list.querySelectorAll("button")].filter(button => button.checkVisibility?.() ?? true)
  const place = buttons.indexOf(at)
  if (place < 0) return false
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
  const next = buttons[Math.min(buttons.length - 1, Math.max(0, place + by))]
  event.preventDefault()
  next.focus()
  const id = next.dataset.message ?? next.dataset.tab ?? next.dataset.field
  if (list.id === "contents") go({ message: id })
  else if (list.id === "tabs") go({ tab: id })
  else if ((list.id === "fields" || list.id === "runs") && !state.predict) choose(theMessage(), Number(id))
  const again = { contents: "message", tabs: "tab", fields: "field", runs: "field" }[list.id]
  if (again) [...list.querySelectorAll("button")].find(button => button.dataset[again] === id)?.focus()
  return true
}
