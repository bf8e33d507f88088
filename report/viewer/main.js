// Puts the panes together: draws what a change touches, and nothing else.

import { data, plural } from "./model.js"
import { $, keepingFocus } from "./dom.js"
import { rowOf } from "./rows.js"
import { go, listen, read, state, theMessage } from "./state.js"
import { drawPredict, hiddenFrom, intercept, switchPredict } from "./predict.js"
import { drawContents, drawRecordings, markContents } from "./contents.js"
import { drawLanes, markLanes, showMore, visible } from "./lanes.js"
import { drawJourney, markJourney } from "./journey.js"
import { drawBytes, markBytes } from "./bytes.js"
import { drawBeside, drawChoices, markBeside } from "./beside.js"
import { announce, drawSource } from "./source.js"
import { drawSearch } from "./search.js"
import { help, inside, move, onKey, outside, turn } from "./keys.js"

let drawn = false

/** Whether a value is not what it was. */
const differs = (before, ...names) => names.some(name => before[name] !== state[name])

function draw(before, moved) {
  const all = !drawn || differs(before, "predict")
  drawn = true
  $("every-call").checked = state.calls
  if (all || differs(before, "recording")) drawContents()
  else if (moved) markContents()
  if (all || moved) drawHeading()
  if (all || moved || state.predict) drawJourney()
  else markJourney()
  if (all || moved || differs(before, "beside")) drawBeside()
  else markBeside()
  if (all || moved || state.predict || differs(before, "tab")) drawBytes()
  else markBytes()
  if (all || moved || differs(before, "step", "peek", "beside")) drawSource()
  // Last, when everything around it has its size: the list scrolls to the step.
  if (all || moved || state.predict || differs(before, "calls", "unfolded")) drawLanes(all || moved)
  else markLanes()
  if (all || differs(before, "search")) drawSearch()
  if (all || moved || state.predict) drawPredict()
  if (all || moved || differs(before, "step", "calls", "unfolded")) say(all)
}

/** Where the reader is, for the eyes and for a screen reader. */
function say(first) {
  const rows = visible()
  const row = rowOf(rows, state.step)
  const deeper = rows[row] && rows[row].at !== state.step ? "inside " : ""
  $("position").textContent = rows.length ? `${deeper}step ${row + 1} of ${rows.length}` : "no steps"
  if (!first) announce(row, rows.length, deeper)
}

const SAID = { in: "received", out: "sent", "": "" }

function drawHeading() {
  const message = theMessage()
  const how = message.size ? `${plural(message.size, "byte")} ${SAID[message.direction]}` : ""
  const calls = message.steps.filter(step => step.kind === "call").length
  $("message-title").textContent = state.predict ? message.kind : `${message.kind} ${message.title}`
  $("message-said").textContent = [how, plural(calls, "call")].filter(Boolean).join(" · ")
}

/** In print the page is the plain one, which stands where it is read without a script; it is made when it is asked for. */
function tell() {
  if ($("story")) return
  // The page's own text, escaped when it was made; nothing in it runs.
  const plain = new DOMParser().parseFromString(document.querySelector("noscript").textContent, "text/html")
  document.body.append(document.adoptNode(plain.getElementById("story")))
}

function untell() {
  $("story")?.remove()
}

function begin() {
  drawRecordings()
  drawChoices()
  listen((before, moved) => keepingFocus(() => draw(before, moved)))
  $("every-call").addEventListener("change", () => go({ calls: $("every-call").checked }))
  $("predict").addEventListener("change", () => switchPredict($("predict").checked))
  $("single-keys").addEventListener("change", () => go({ keys: $("single-keys").checked }))
  $("previous").addEventListener("click", () => move(-1))
  $("next").addEventListener("click", () => move(1))
  $("deeper").addEventListener("click", inside)
  $("outer").addEventListener("click", outside)
  $("previous-message").addEventListener("click", () => turn(-1))
  $("next-message").addEventListener("click", () => turn(1))
  $("open-help").addEventListener("click", () => help(true))
  $("close-help").addEventListener("click", () => help(false))
  $("more").addEventListener("click", showMore)
  $("search").addEventListener("input", () => go({ search: $("search").value }))
  $("search").addEventListener("keydown", event => {
    if (event.key === "Enter") $("hits").querySelector("button")?.click()
    if (event.key === "ArrowDown") $("hits").querySelector("button")?.focus()
  })
  $("bytes-pane").addEventListener("click", intercept, true)
  document.addEventListener("keydown", onKey)
  window.addEventListener("hashchange", () => go(read(), true))
  go(read(), true)
  performance.mark("drawn")
}

let begun = false

function once() {
  if (begun) return
  begun = true
  begin()
}

window.addEventListener("beforeprint", tell)
window.addEventListener("afterprint", untell)
const paper = matchMedia("print")
paper.addEventListener("change", () => (paper.matches ? tell() : untell()))
if (paper.matches) tell()

if (data.recordings.some(r => r.messages.length)) {
  // The frame of the page is painted first; then it is filled. A page that nobody sees yet is not painted: it waits less.
  requestAnimationFrame(() => setTimeout(once))
  setTimeout(once, 150)
} else {
  tell()
  document.documentElement.classList.remove("js")
}
