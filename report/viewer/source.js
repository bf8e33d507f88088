// The source pane: the step's function with its executed lines, what went in, what came out, where it was called.

import { address, called, data, fn, lane, lines, plural } from "./model.js"
import { $, h, link, prose, reveal } from "./dom.js"
import { state, theRecording, theStep } from "./state.js"
import { besideStep } from "./beside.js"

const CLASS = { k: "keyword", s: "string", c: "comment", n: "number", d: "definition" }

export function drawSource() {
  const { step, from } = besideStep() ?? { step: theStep(), from: theRecording() }
  if (!step) return $("source").replaceChildren()
  // What is no function of its own (a read, a thread's start) is shown where it was called.
  const own = step.fn >= 0
  const shown = own ? step.fn : step.caller
  $("source").replaceChildren(...[
    heading(step, from),
    step.note && h("p.note", {}, ...prose(step.note)),
    h("dl.facts", {}, ...facts(step, from)),
    shown >= 0 ? code(shown, own ? step.ran : "", own ? -1 : step.line) : h("p.quiet", {}, "Its source is not in the trace."),
  ].filter(Boolean))
  $("source-pane").scrollTop = 0
  const box = $("source").querySelector(".code-box")
  if (box) reveal(box, box.querySelector(".here, .ran"), 24)
}

function heading(step, from) {
  return h("h2.step-name", {}, state.beside && h("span.quiet", {}, `${from.name} `), h(`span.chip.lane-${lane(step.lane).hue}`, {}, lane(step.lane).name), " ", h("code", {}, called(step)))
}

function facts(step, from) {
  const found = []
  const fact = (name, ...what) => found.push(h("div", {}, h("dt", {}, name), h("dd", {}, ...what.flat())))
  const [label, name] = from.threads[step.thread] ?? ["?", ""]
  fact("thread", label === "main" ? "main" : `${label}, ${name}`)
  if (step.fn >= 0) fact("defined in", definition(step.fn))
  if (step.site) fact("called from", site(step))
  for (const [name_, value] of step.args) fact(h("code", {}, name_), h("code.value", {}, value))
  if (step.ended) fact(step.ended === "open" ? "still running" : step.ended, h("code.value", {}, step.value || "—"))
  else if (step.value) fact("value", h("code.value", {}, step.value))
  if (step.evidence) fact("evidence", `call ${step.evidence} of the trace`)
  return found
}

function definition(place) {
  const { file, first, last } = fn(place)
  const { name, status, why } = data.files[file]
  const where = `${name}:${first}${last > first ? `–${last}` : ""}`
  const url = address(file, first, last)
  return url ? [link(url, where), h("span.sure", { title: why }, ` ${SURE[status] ?? status}`)] : [h("span", { title: why }, where)]
}

const SURE = { proven: "✓ proven", tag: "by tag", unproven: "not proven", own: "the program's own" }

function site(step) {
  if (step.caller < 0) return step.site
  return link(address(fn(step.caller).file, step.line, step.line), step.site) || step.site
}

/** A function's lines; `ran` are those that were executed, `here` the one that the step stands in. */
function code(place, ran, here) {
  const { source, colours, first, last } = fn(place)
  const order = new Map()
  lines(ran).forEach((line, i) => order.set(line, [...(order.get(line) ?? []), i + 1]))
  const marks = colours.split("\n")
  const rows = source.split("\n").map((line, i) => {
    const number = first + i
    const turns = order.get(number)
    const row = h(`tr${turns ? ".ran" : ""}${number === here ? ".here" : ""}`, {},
      h("td.line", {}, String(number)),
      h("td.turn", turns ? { title: `ran ${turns.length === 1 ? "once" : `${turns.length} times`}, in this order` } : {},
        turns ? `✓ ${few(turns)}` : number === here ? "▶" : ""),
      h("td.code", {}, ...coloured(line, marks[i] ?? "")))
    return row
  })
  const table = h("table.source", { "aria-label": `Source of ${fn(place).name}` }, h("tbody", {}, ...rows))
  const cut = last - first + 1 - rows.length
  return h("div.code-box", { tabindex: "0", role: "group", "aria-label": "Source" }, table, cut > 0 && h("p.quiet", {}, `${plural(cut, "more line")} behind the link.`),
    !ran && here < 0 && h("p.quiet", {}, "Which of its lines ran was not recorded."))
}

const few = turns => (turns.length > 3 ? `${turns.slice(0, 2).join(" ")} … ${turns.at(-1)}` : turns.join(" "))

function coloured(line, marks) {
  const found = []
  let at = 0
  for (const mark of marks ? marks.split(" ") : []) {
    const [start, length] = mark.slice(1).split("+").map(Number)
    if (start > at) found.push(line.slice(at, start))
    found.push(h(`span.${CLASS[mark[0]]}`, {}, line.slice(start, start + length)))
    at = start + length
  }
  found.push(line.slice(at))
  return found
}

/** What a screen reader is told when the step changes. */
export function announce(place, count, deeper = "") {
  const step = theStep()
  if (!step || !count) return
  const bytes = step.chunk >= 0 ? `, ${step.value}` : ""
  $("live").textContent = `${deeper ? "Inside step" : "Step"} ${place + 1} of ${count}. ${lane(step.lane).name}, ${called(step)}${bytes}`
}
