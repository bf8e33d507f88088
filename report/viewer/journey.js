// The journey: one line through the lanes and threads, from the socket to the program or back; each leg is a way to walk.
// The same drawing as report/drawing.py makes for the plain page. While a reader predicts it goes as far as they came.

import { lane, open } from "./model.js"
import { $, drawn, h } from "./dom.js"
import { go, messages, here, reached, state, theMessage, theRecording } from "./state.js"

const LEFT = 128, TOP = 26, STEP = 112, ROW = 30, BOTTOM = 46
/** Characters that fit under a point: of a word, and of a value, whose letters are wider. */
const FITS = 17, FITS_VALUE = 15

const HOW = { in: "how the program got", out: "where the program's value went," }

export function drawJourney() {
  const { ways } = theMessage()
  $("journey").replaceChildren(...ways.map(way => h("figure.journey-drawing", {}, drawing(way), caption(way))))
  $("journey").hidden = !ways.length
  markJourney()
}

function caption(way) {
  if (state.predict) return h("figcaption", {}, `Journey ${way.number}, as far as you came`)
  return h("figcaption", {}, `Journey ${way.number}: ${HOW[way.direction] ?? "what a library answered by itself,"} `,
    h("code", {}, short(way.value, 60)), way.complete ? "" : " (a part of the way may be missing)")
}

/** The legs that may be told: all, or while a reader predicts those of the steps that they know. */
function told(way) {
  if (!state.predict) return way.legs
  const end = way.legs.findIndex(leg => leg.step < 0 || leg.step > reached.get(here()))
  return end < 0 ? way.legs : way.legs.slice(0, end)
}

function drawing(way) {
  const legs = told(way)
  const used = [...new Set(legs.map(leg => leg.lane).filter(one => one >= 0))].sort((a, b) => a - b)
  const y = one => TOP + ROW * Math.max(0, used.indexOf(one)) + ROW / 2
  const x = at => LEFT + STEP * at + STEP / 2
  const width = LEFT + STEP * legs.length, height = TOP + ROW * used.length + BOTTOM
  return drawn("svg.journey-line", { role: "group", width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": said(way, legs) },
    ...used.flatMap(one => [drawn("line.guide", { x1: LEFT, y1: y(one), x2: width, y2: y(one) }),
      drawn(`text.lane-${lane(one).hue}`, { x: 0, y: y(one) + 4 }, lane(one).name)]),
    ...legs.flatMap((leg, at) => change(legs, at, height)),
    drawn("polyline.way", { points: legs.map((leg, at) => `${x(at)},${y(leg.lane)}`).join(" ") }),
    ...legs.map((leg, at) => point(way, leg, at, x(at), y(leg.lane), height)))
}

const threadName = thread => (thread === "main" ? "main thread" : `thread ${thread}`)
const label = thread => theRecording().threads[thread]?.[0] ?? "?"

function change(legs, at, height) {
  if (at && legs[at - 1].thread === legs[at].thread) return []
  const x = LEFT + STEP * at
  return [drawn("line.change", { x1: x, y1: 4, x2: x, y2: height - 8 }),
    drawn("text.thread", { x: x + 6, y: 15 }, threadName(label(legs[at].thread)))]
}

function point(way, leg, at, x, y, height) {
  const title = `${leg.how}: ${leg.value}${leg.where ? ` (${leg.where})` : ""}`
  return drawn(`a.leg.lane-${lane(leg.lane).hue}`, {
    href: `#/${state.recording}/${state.message}/${Math.max(0, leg.step)}`, "data-leg": `${way.number}.${at}`,
    onclick: event => walk(event, way.number, at),
  },
    drawn("title", {}, title), drawn("circle", { cx: x, cy: y, r: 7 }),
    drawn("text.how", { x, y: height - 26 }, short(leg.how, FITS)),
    drawn("text.value", { x, y: height - 10 }, short(leg.value, FITS_VALUE)))
}

function said(way, legs) {
  const threads = [...new Set(legs.map(leg => label(leg.thread)))].join(" to ")
  return `${state.predict ? "The way so far" : `The way of ${way.value}`}: ${legs.map(leg => leg.how).join(", ")}; thread ${threads}`
}

const short = (text, limit) => (text.length <= limit ? text : `${text.slice(0, limit - 1).trimEnd()}…`)

/** To the step of a leg, in this message or in the other one that the journey is part of. */
function walk(event, number, at) {
  event.preventDefault()
  const step = ({ ways }) => ways.find(way => way.number === number)?.legs[at].step ?? -1
  if (step(theMessage()) >= 0) return go({ step: step(theMessage()) })
  const other = messages().map(open).find(message => step(message) >= 0)
  if (other) go({ message: other.id, step: step(other) })
}

export function markJourney() {
  const { ways } = theMessage()
  for (const leg of $("journey").querySelectorAll("a[data-leg]")) {
    const [number, at] = leg.dataset.leg.split(".").map(Number)
    const current = ways.find(way => way.number === number)?.legs[at]?.step === state.step
    leg.classList.toggle("current", current)
    if (current) leg.setAttribute("aria-current", "step")
    else leg.removeAttribute("aria-current")
  }
}
