// Where the reader is. The URL holds all of it: #/receive/4-text/12?calls=1&field=3&tab=unmasked&beside=ours

import { data, open, recording } from "./model.js"

export const state = {
  recording: "", message: "", step: 0, calls: false, unfolded: new Set(), field: -1, tab: "", beside: "", search: "",
  predict: false, keys: true, peek: -1,
}

/** While a reader predicts: the last step of each message that was told. */
export const reached = new Map()
export const here = () => `${state.recording} ${state.message}`

const listeners = []
export const listen = listener => listeners.push(listener)

export const theRecording = () => recording(state.recording) ?? data.recordings[0]
export const messages = () => theRecording().messages
export const messageAt = () => Math.max(0, messages().findIndex(m => m.id === state.message))
export const theMessage = () => open(messages()[messageAt()])
export const theStep = () => theMessage().steps[state.step]

/** Change where the reader is, write it into the URL, and tell everybody what changed. The browser's way back leads to
    the message before: steps are too many for it. `told` is whether the URL itself says so, as it does when it leads back. */
export function go(changes, told = false) {
  const before = { ...state }
  if ("recording" in changes && changes.recording !== state.recording) {
    changes = { message: recording(changes.recording)?.messages[0]?.id ?? "", ...changes }
  }
  if ("message" in changes && !("step" in changes)) changes.step = 0
  if (["recording", "message", "step", "beside"].some(name => name in changes) && !("peek" in changes)) changes.peek = -1
  Object.assign(state, changes)
  const moved = state.recording !== before.recording || state.message !== before.message
  if (moved) {
    if (!("field" in changes)) state.field = -1
    if (!("tab" in changes)) state.tab = ""
    if (!("unfolded" in changes)) state.unfolded = new Set()
  }
  settle()
  write(moved && !told)
  for (const listener of listeners) listener(before, moved)
}

/** Whatever a URL says, the state names things that exist. */
function settle() {
  state.recording = theRecording().name
  state.message = messages()[messageAt()].id
  const { steps, fields, buffers } = theMessage()
  state.step = Math.min(Math.max(0, state.step | 0), Math.max(0, steps.length - 1))
  if (state.predict) {
    // What is not told yet is nowhere on the page: not in the source, the search or the other recording.
    if (!reached.has(here())) reached.set(here(), steps.findIndex(step => step.crosses))
    state.step = Math.min(state.step, Math.max(0, reached.get(here())))
    state.search = state.beside = ""
  }
  if (!fields[state.field]) state.field = -1
  if (state.tab && state.tab !== "text" && !buffers.some(buffer => buffer.name === state.tab)) state.tab = ""
  if (!recording(state.beside) || state.beside === state.recording) state.beside = ""
}

function write(asNew) {
  const more = new URLSearchParams()
  if (state.calls) more.set("calls", "1")
  if (state.field >= 0) more.set("field", state.field)
  if (state.tab) more.set("tab", state.tab)
  if (state.unfolded.size) more.set("unfolded", [...state.unfolded].join("."))
  if (state.beside) more.set("beside", state.beside)
  if (state.search) more.set("search", state.search)
  if (state.peek >= 0) more.set("peek", state.peek)
  if (state.predict) more.set("predict", "1")
  const path = [state.recording, state.message, state.step].map(encodeURIComponent).join("/")
  const hash = `#/${path}${more.size ? `?${more}` : ""}`
  try {
    if (location.hash !== hash) history[asNew ? "pushState" : "replaceState"](null, "", hash)
  } catch {
    // a page inside a notebook has no URL of its own
  }
}

/** What an address of the plain page names: a message, or a step of one. */
function named(id) {
  for (const r of data.recordings) {
    for (const { id: message } of r.messages) {
      const anchor = `m-${r.name}-${message}`
      if (anchor === id) return { recording: r.name, message, step: 0 }
      const step = id.startsWith(`${anchor}-`) ? id.slice(anchor.length + 1) : ""
      if (/^\d+$/.test(step)) return { recording: r.name, message, step: Number(step) }
    }
  }
  return null
}

/** The state that a URL names. */
export function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?")
  const [name, message, step] = path.split("/").map(part => {
    try {
      return decodeURIComponent(part)
    } catch {
      return ""
    }
  })
  const more = new URLSearchParams(query)
  const plain = !message && name?.startsWith("m-") && named(name)
  return {
    ...(plain || { recording: name ?? "", message: message ?? "", step: Number(step) || 0 }),
    calls: more.get("calls") === "1",
    field: more.has("field") ? Number(more.get("field")) : -1,
    tab: more.get("tab") ?? "",
    unfolded: new Set((more.get("unfolded") ?? "").split(".").filter(Boolean).map(Number)),
    beside: more.get("beside") ?? "",
    search: more.get("search") ?? "",
    peek: more.has("peek") ? Number(more.get("peek")) : -1,
    predict: more.get("predict") === "1",
  }
}
