// The view as the page carries it (docs/view-format.md), with its tables opened: a step is an object, a text is text.

export const data = JSON.parse(document.getElementById("view").textContent)

const text = place => data.texts[place]

const STEP = row => ({
  kind: text(row[0]), name: text(row[1]), lane: row[2], thread: row[3], depth: row[4], crosses: row[5] === 1,
  fn: row[6], caller: row[7], site: text(row[8]), line: row[9], args: pairs(row[10]), ended: text(row[11]),
  value: text(row[12]), ran: text(row[13]), chunk: row[14], note: text(row[15]), evidence: row[16],
})

const FIELD = row => ({
  buffer: row[0], start: row[1], stop: row[2], bits: row[3] || null, name: text(row[4]), value: text(row[5]),
  section: text(row[6]), level: row[7], step: row[8], who: text(row[9]), exact: row[10] === 1,
})

const LEG = row => ({ kind: row[0], how: row[1], lane: row[2], thread: row[3], step: row[4], value: row[5], where: row[6] })

function pairs(flat) {
  const found = []
  for (let i = 0; i < flat.length; i += 2) found.push([text(flat[i]), text(flat[i + 1])])
  return found
}

const opened = new WeakMap()

/** A message with its steps, fields and ways opened; made when it is first looked at. */
export function open(message) {
  if (!opened.has(message)) {
    opened.set(message, {
      ...message,
      steps: message.steps.map(place => STEP(data.steps[place])),
      fields: message.fields.map(place => FIELD(data.fields[place])),
      ways: message.ways.map(way => ({ ...way, legs: way.legs.map(LEG) })),
      buffers: message.buffers.map(buffer => ({ ...buffer, bytes: bytes(buffer.hex) })),
    })
  }
  return opened.get(message)
}

function bytes(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

export const recording = name => data.recordings.find(r => r.name === name)
export const lane = place => data.lanes[place] ?? { name: "", hue: 0, floor: "", said: "" }
export const fn = place => data.functions[place]

/** The address of lines of a function's file, "" where there is none. */
export function address(file, first, last) {
  const { url, one, many } = data.files[file]
  return url.replace("{lines}", (first === last ? one : many).replace("{a}", first).replace("{b}", last))
}

/** Lines as runs ("3-5 9") as a list of numbers, in the order in which they ran. */
export function lines(ran) {
  const found = []
  for (const run of ran ? ran.split(" ") : []) {
    const [first, last] = run.split("-").map(Number)
    for (let line = first; line <= (last ?? first); line++) found.push(line)
  }
  return found
}

export const hexed = byte => byte.toString(16).padStart(2, "0")
export const plural = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`
export const ARROW = { in: "→", out: "←", "": "⇄" }
export const WORD = { in: "in", out: "out", "": "" }

/** What a step is called: its kind where that is not a plain call. */
export function called(step) {
  return ({ resume: "↻ ", handoff: "handoff from ", return: "return from " }[step.kind] ?? "") + step.name
}
