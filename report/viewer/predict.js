// Predict: what comes next is hidden until the reader has chosen. It counts, keeps nothing, and can be switched off.

import { called, data, hexed, lane } from "./model.js"
import { $, h } from "./dom.js"
import { go, state, theMessage } from "./state.js"

const score = { right: 0, asked: 0 }
const reached = new Map() // message -> rows that were revealed
const known = new Set() // "message field" and "message buffer byte" that were answered
let question = null

const key = message => `${state.recording} ${message.id}`

/** The first row that is still hidden. */
export function hiddenFrom(message, rows) {
  return state.predict ? Math.min(rows.length, reached.get(key(message)) ?? 1) : rows.length
}

/** Whether a field's meaning is still hidden. Bits are told with their byte. */
export function hiddenField(message, at) {
  return state.predict && !known.has(`${key(message)} f${at}`)
}

/** Whether a byte of what was made of the wire's bytes is still hidden. */
export function hiddenByte(message, buffer, at) {
  return state.predict && message.buffers[buffer].name === "unmasked" && !known.has(`${key(message)} b${buffer}.${at}`)
}

export const covered = () => false

export function drawPredict() {
  $("predict").checked = state.predict
  $("quiz").hidden = !state.predict
  $("score").textContent = score.asked ? `${score.right} of ${score.asked} right` : "nothing asked yet"
}

/** Ask for the row after the last one that is seen; true where there was something to ask. */
export function askStep(rows) {
  const message = theMessage()
  const place = hiddenFrom(message, rows)
  if (!state.predict || place >= rows.length) return false
  const step = message.steps[rows[place].at]
  const lanes = [...new Set(rows.map(row => message.steps[row.at].lane))].sort((a, b) => a - b)
  ask("Which library has it next?", lanes.map(place_ => [lane(place_).name, place_ === step.lane, lane(place_).hue]), right => {
    reached.set(key(message), place + 1)
    said(right, `${lane(step.lane).name}: ${called(step)}`)
    go({ step: rows[place].at })
  })
  return true
}

/** Ask what the bytes of a field mean. */
export function askField(message, at) {
  const field = message.fields[at]
  const wrong = [...new Set(message.fields.map(f => f.name))].filter(name => name !== field.name)
  const others = [1, 2, 3].map(n => wrong[(at + n * 2) % wrong.length]).filter((name, i, all) => name && all.indexOf(name) === i)
  const choices = [field.name, ...others].sort()
  ask(`What do these bytes mean? ${spelled(message, field)}`, choices.map(name => [name, name === field.name, 0]), right => {
    known.add(`${key(message)} f${at}`)
    said(right, `${field.name}${field.value ? `: ${field.value}` : ""}`)
    go({ field: at, ...(field.step >= 0 ? { step: field.step } : {}) })
  })
}

function spelled(message, field) {
  const bytes = [...message.buffers[field.buffer].bytes.slice(field.start, Math.min(field.stop, field.start + 12))]
  const bits = field.bits ? `bit ${field.bits[0]}${field.bits[1] - field.bits[0] > 1 ? `–${field.bits[1] - 1}` : ""} of ` : ""
  return bits + bytes.map(hexed).join(" ")
}

/** Ask for one unmasked byte; the byte as sent and its part of the key are shown. */
export function askByte(message, buffer) {
  const size = message.buffers[buffer].bytes.length
  const at = [...Array(size).keys()].find(i => hiddenByte(message, buffer, i))
  if (at === undefined) return false
  const nth = message.buffers.slice(0, buffer).filter(b => b.name === "unmasked").length
  const keys = message.fields.filter(f => f.name === "masking-key"), sent = message.fields.filter(f => f.name === "payload data" && f.buffer === 0)
  if (!keys[nth] || !sent[nth]) return false
  const wire = message.buffers[0].bytes
  const mask = wire[keys[nth].start + (at % 4)], masked = wire[sent[nth].start + at], right = message.buffers[buffer].bytes[at]
  const others = [masked ^ wire[keys[nth].start + ((at + 1) % 4)], masked & mask, (masked + mask) & 255, masked | mask]
  const choices = [...new Set([right, ...others])].slice(0, 4).sort((a, b) => a - b)
  ask(`Byte ${at}: ${hexed(masked)} XOR ${hexed(mask)} is`, choices.map(byte => [hexed(byte), byte === right, 0]), good => {
    known.add(`${key(message)} b${buffer}.${at}`)
    said(good, `${hexed(masked)} ^ ${hexed(mask)} = ${hexed(right)}${right > 31 && right < 127 ? ` (“${String.fromCharCode(right)}”)` : ""}`)
    go({})
    askByte(message, buffer)
  })
  return true
}

function ask(text, choices, then) {
  question = { then }
  $("question").textContent = text
  $("choices").replaceChildren(...choices.map(([name, right, hue]) => h(`button.lane-${hue}`, { type: "button", onclick: () => answer(right) }, name)))
  $("choices").querySelector("button")?.focus()
}

function answer(right) {
  score.asked++
  if (right) score.right++
  const { then } = question
  question = null
  $("question").textContent = ""
  $("choices").replaceChildren()
  then(right)
  drawPredict()
}

function said(right, what) {
  $("verdict").textContent = `${right ? "✓ Right" : "✗ It was"}: ${what}`
  $("verdict").className = right ? "right" : "wrong"
}

/** Switched on, a message begins at its first row; switched off, all is told. */
export function switchPredict(on) {
  question = null
  $("question").textContent = on ? "Press → (or Next) and say what comes." : ""
  $("choices").replaceChildren()
  $("verdict").textContent = ""
  if (on) {
    reached.clear()
    known.clear()
    score.right = score.asked = 0
  }
  go({ predict: on, ...(on ? { step: 0, field: -1 } : {}) })
}

export { data }
