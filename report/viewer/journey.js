// The journey: one line through the lanes and threads, from the socket to the program or back. The drawing is made with
// the page (it is there without this script too); here it becomes a way to walk.

import { $, h } from "./dom.js"
import { go, messages, state, theMessage } from "./state.js"
import { open } from "./model.js"

export function drawJourney() {
  const message = theMessage()
  const told = document.getElementById(`m-${state.recording}-${message.id}`)
  const drawings = told ? [...told.querySelectorAll(".journey-drawing")].map(drawing => drawing.cloneNode(true)) : []
  for (const drawing of drawings) for (const one of drawing.querySelectorAll("[id]")) one.removeAttribute("id")
  $("journey").replaceChildren(...drawings)
  $("journey").hidden = !drawings.length
  for (const leg of $("journey").querySelectorAll("a[data-leg]")) leg.addEventListener("click", event => walk(event, leg))
  markJourney()
}

/** To the step of a leg, in this message or in the other one that the journey is part of. */
function walk(event, leg) {
  event.preventDefault()
  const message = theMessage()
  const [way, place] = leg.dataset.leg.split(".").map(Number)
  const step = message.ways.find(w => w.number === way)?.legs[place]?.step ?? -1
  if (step >= 0) return go({ step })
  const other = messages().find(m => m.id !== message.id && open(m).ways.some(w => w.number === way && w.legs[place].step >= 0))
  if (other) go({ message: other.id, step: open(other).ways.find(w => w.number === way).legs[place].step })
}

export function markJourney() {
  const message = theMessage()
  for (const leg of $("journey").querySelectorAll("a[data-leg]")) {
    const [way, place] = leg.dataset.leg.split(".").map(Number)
    const step = message.ways.find(w => w.number === way)?.legs[place]?.step
    leg.classList.toggle("current", step === state.step)
  }
}

export { h }
