// Predict: what comes next is hidden until the reader has chosen. It counts, keeps nothing, and can be switched off.

import { called, hexed, lane } from "./model.js"
import { $, h } from "./dom.js"
import { go, here, reached, state, theMessage } from "./state.js"
import { masking, xored } from "./xor.js"

const score = { right: 0, asked: 0 }
const known = new Set() // fields and bytes that were answered
let question = null

/** The first row that is still hidden. */
export function hiddenFrom(rows) {
  if (!state.predict) return rows.length
  const end = rows.findIndex(row => row.at > reached.get(here()))
  return end < 0 ? rows.length : Math.max(end, 1)
}

/** Whether a field's meaning is still hidden. */
export function hiddenField(message, at) {
  return state.predict && !known.has(`${here()} f${at}`)
}

/** Whether a byte of what was made of the wire's bytes is still hidden; of what was inflated, all, until it can be known. */
export function hiddenByte(message, buffer, at) {
  if (!state.predict || buffer === 0) return false
  if (!masking(message, buffer)) return !arrived()
  return !known.has(`${here()} b${buffer}.${at}`) && !arrived()
}

/** Whether the last step is told: then nothing of the message's content is a secret any more. */
export const arrived = () => reached.get(here()) >= theMessage().steps.findLastIndex(step => step.crosses)

export function drawPredict() {
  $("predict").checked = state.predict
  $("search").disabled = $("beside").disabled = state.predict
  $("quiz").hidden = !state.predict
  if (!state.predict) forget()
  else if (!question && !$("question").textContent) invite()
  $("score").textContent = score.asked ? `${score.right} of ${score.asked} right` : "nothing asked yet"
}

const invite = () => ($("question").textContent = "What comes next? Press → or Next and say. Or choose bytes and say what they mean.")

/** Ask for the row after the last one that is seen; true where there was something to ask. */
export function askStep(rows) {
  const message = theMessage()
  const row = rows[hiddenFrom(rows)]
  if (!state.predict || !row) return false
  const step = message.steps[row.at]
  const lanes = [...new Set(rows.map(one => message.steps[one.at].lane))].sort((a, b) => a - b)
  ask("Which library has it next?", lanes.map(one => [lane(one).name, one === step.lane, lane(one).hue]), right => {
    reached.set(here(), row.at)
    said(right, `${lane(step.lane).name}: ${called(step)}`)
    go({ step: row.at })
    return () => $("steps").querySelector("[aria-current='step']")
  })
  return true
}

/** Ask what the bytes of a field mean; `list` is where it was asked. */
export function askField(message, at, list) {
  const field = message.fields[at]
  const wrong = [...new Set(message.fields.map(f => f.name))].filter(name => name !== field.name)
  const others = [1, 2, 3].map(n => wrong[(at + n * 2) % wrong.length]).filter((name, i, all) => name && all.indexOf(name) === i)
  const choices = [field.name, ...others].sort()
  ask(`What do these bytes mean? ${spelled(message, field)}`, choices.map(name => [name, name === field.name, 0]), right => {
    known.add(`${here()} f${at}`)
    said(right, `${field.name}${field.value && !field.buffer && !masked(message, field) ? `: ${field.value}` : ""}`)
    go({ field: at })
    return () => list.querySelector(`[data-field="${at}"]`)
  })
}

/** Whether a field's value would tell bytes that are not unmasked yet. */
export function masked(message, field) {
  const at = message.fields.findIndex(f => f === field || (f.start === field.start && f.level === field.level && f.name === field.name))
  const end = message.fields.findIndex((f, i) => i > at && f.level <= field.level)
  return !arrived() && message.fields.slice(at + 1, end < 0 ? undefined : end).some(f => f.buffer > 0)
}

function spelled(message, field) {
  const { buffer } = field
  const bytes = [...message.buffers[buffer].bytes.slice(field.start, Math.min(field.stop, field.start + 12))]
  const bits = field.bits ? `bit ${field.bits[0]}${field.bits[1] - field.bits[0] > 1 ? `–${field.bits[1] - 1}` : ""} of ` : ""
  return bits + bytes.map((byte, i) => (hiddenByte(message, buffer, field.start + i) ? "??" : hexed(byte))).join(" ")
}

/** Ask for one unmasked byte, the first that is hidden or the one at `wanted`; the byte as sent and the key's are shown. */
export function askByte(message, buffer, wanted = -1) {
  const size = message.buffers[buffer].bytes.length
  const at = wanted >= 0 ? wanted : [...Array(size).keys()].find(i => hiddenByte(message, buffer, i))
  if (at === undefined || !masking(message, buffer) || !hiddenByte(message, buffer, at)) return false
  const [sent, key, right] = xored(message, buffer, at)
  const next = xored(message, buffer, (at + 1) % size)[1]
  const wrong = [sent ^ next, sent & key, (sent + key) & 255, sent | key, sent ^ 255, key].filter(byte => byte !== right)
  const choices = [right, ...new Set(wrong)].slice(0, 4).sort((a, b) => a - b)
  ask(`Byte ${at}: ${hexed(sent)} XOR ${hexed(key)} is`, choices.map(byte => [hexed(byte), byte === right, 0]), good => {
    known.add(`${here()} b${buffer}.${at}`)
    said(good, `${hexed(sent)} ^ ${hexed(key)} = ${hexed(right)}${right > 31 && right < 127 ? ` (“${String.fromCharCode(right)}”)` : ""}`)
    go({})
    return () => (askByte(message, buffer) ? null : $("tabs").querySelector("[aria-selected='true']"))
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
  withdraw()
  const next = then(right)
  drawPredict()
  next()?.focus()
}

/** Take a question back; true where there was one. */
export function withdraw() {
  const was = question
  question = null
  $("question").textContent = ""
  $("choices").replaceChildren()
  return Boolean(was)
}

function said(right, what) {
  $("verdict").textContent = `${right ? "✓ Right" : "✗ It was"}: ${what}`
  $("verdict").className = right ? "right" : "wrong"
}

function forget() {
  withdraw()
  $("verdict").textContent = ""
  reached.clear()
  known.clear()
  score.right = score.asked = 0
}

/** Switched on, a message begins at its first row; switched off, all is told. */
export function switchPredict(on) {
  forget()
  go({ predict: on, ...(on ? { step: 0, field: -1, tab: "" } : {}) })
}

/** In predict mode a click on bytes asks instead of telling. */
export function intercept(event) {
  if (!state.predict) return
  const button = event.target.closest("button.run, button.field")
  if (!button) return
  const message = theMessage()
  const at = Number(button.dataset.field)
  const hidden = hiddenField(message, at)
  if (!hidden && !askByte(message, message.fields[at].buffer)) return
  event.stopPropagation()
  event.preventDefault()
  if (hidden) askField(message, at, button.closest("#runs, #fields"))
}
