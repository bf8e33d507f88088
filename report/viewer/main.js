// Puts the panes together: draws what a change touches, and nothing else.

import { data, plural } from "./model.js"
import { $ } from "./dom.js"
import { rowOf } from "./rows.js"
import { go, listen, read, state, theMessage } from "./state.js"
import { drawContents, drawRecordings, markContents } from "./contents.js"
import { drawLanes, markLanes, showMore, visible } from "./lanes.js"
import { drawJourney, markJourney } from "./journey.js"
import { announce, drawSource } from "./source.js"
import { drawBytes, markBytes } from "./bytes.js"
import { drawBeside, drawChoices } from "./beside.js"
import { drawSearch } from "./search.js"
import { askByte, askField, drawPredict, hiddenField, switchPredict } from "./predict.js"
import { help, inside, move, onKey, outside, turn } from "./keys.js"

let drawn = false

/** Whether a value is not what it was. */
const differs = (before, ...names) => names.some(name => before[name] !== state[name])

function draw(before, moved) {
  const all = !drawn
  drawn = true
  $("every-call").checked = state.calls
  if (all || differs(before, "recording")) drawContents()
  else if (moved) markContents()
  if (all || moved) drawHeading()
  if (all || moved) drawJourney()
  else markJourney()
  if (all || moved || differs(before, "beside")) drawBeside()
  if (all || moved || state.predict || differs(before, "tab", "predict")) drawBytes()
  else markBytes()
  if (all || moved || differs(before, "step")) drawSource()
  // Last, when everything around it has its size: the list scrolls to the step.
  if (all || moved || state.predict || differs(before, "calls", "unfolded", "predict")) drawLanes(all || moved)
  else markLanes()
  if (all || differs(before, "search")) drawSearch()
  if (all || differs(before, "predict")) drawPredict()
  if (all || moved || differs(before, "step", "calls")) {
    const place = rowOf(visible(), state.step)
    $("position").textContent = visible().length ? `step ${place + 1} of ${visible().length}` : "no steps"
    if (!all) announce(place, visible().length)
  }
}

const SAID = { in: "received", out: "sent", "": "" }

function drawHeading() {
  const message = theMessage()
  const how = message.size ? `${plural(message.size, "byte")} ${SAID[message.direction]}` : ""
  const calls = message.steps.filter(step => step.kind === "call").length
  $("message-title").textContent = `${message.kind} ${message.title}`
  $("message-said").textContent = [how, plural(calls, "call")].filter(Boolean).join(" · ")
}

/** In predict mode a click on bytes asks instead of telling. */
function intercept(event) {
  if (!state.predict) return
  const button = event.target.closest("button.run, button.field")
  if (!button) return
  const message = theMessage()
  const at = Number(button.dataset.field)
  const { buffer } = message.fields[at]
  const asked = message.buffers[buffer].name === "unmasked" && !hiddenField(message, at) ? askByte(message, buffer) : false
  if (!asked && !hiddenField(message, at)) return
  event.stopPropagation()
  event.preventDefault()
  if (!asked) askField(message, at)
}

function begin() {
  document.documentElement.classList.add("js")
  if (!data.recordings.some(r => r.messages.length)) {
    document.documentElement.classList.remove("js")
    return
  }
  drawRecordings()
  drawChoices()
  listen(draw)
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
  window.addEventListener("hashchange", () => go(read()))
  go(read())
}

begin()
