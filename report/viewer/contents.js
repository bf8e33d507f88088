// The table of contents: every message of a recording, with its direction, kind and size.

import { ARROW, WORD, plural } from "./model.js"
import { $, h, reveal, rove } from "./dom.js"
import { go, messages, state, theRecording } from "./state.js"

export function drawRecordings() {
  $("recording").addEventListener("change", () => go({ recording: $("recording").value }))
}

export function drawContents() {
  $("recording").value = state.recording
  let connection = null
  const items = messages().map(message => {
    const fresh = message.connection !== connection
    connection = message.connection
    const button = h("button.entry", {
      type: "button", "data-message": message.id, "aria-current": message.id === state.message ? "true" : null,
      onclick: () => go({ message: message.id }),
    },
      h("span.arrow", { "aria-hidden": "true" }, ARROW[message.direction]),
      h("span.what", {}, h("b", {}, message.kind), " ", state.predict ? "" : message.title),
      h("span.size", {}, message.size ? `${plural(message.size, "byte")} ${WORD[message.direction]}` : "a connection"))
    return h("li", { class: fresh ? "fresh" : null }, button)
  })
  $("contents").replaceChildren(...items)
  const left = theRecording().left_out
  $("left-out").textContent = left ? `${plural(left, "message")} more: made for chosen journeys only.` : ""
  markContents()
}

export function markContents() {
  const buttons = [...$("contents").querySelectorAll("button")]
  for (const button of buttons) {
    if (button.dataset.message === state.message) button.setAttribute("aria-current", "true")
    else button.removeAttribute("aria-current")
  }
  const chosen = buttons.find(button => button.dataset.message === state.message)
  rove(buttons, chosen)
  reveal($("contents-pane"), chosen)
}
