// Which steps a reader sees: crossings only or every call, and repetitions in a row told once.

/** Steps of one group that may repeat. */
const LONGEST = 12

/**
 * The rows for a message's steps: { at, times, length, depth }. `at` is the step's place; a row with `times` > 1 stands
 * for so many repetitions of `length` rows; `depth` counts the rows around it.
 */
export function rows(steps, calls, unfolded) {
  const seen = []
  const outer = [] // depths of the steps around this one that are seen
  steps.forEach((step, at) => {
    while (outer.length && outer.at(-1) >= step.depth) outer.pop()
    if (calls || step.crosses) {
      seen.push({ at, times: 1, length: 1, depth: outer.length })
      outer.push(step.depth)
    }
  })
  return folded(seen, steps, unfolded)
}

function folded(seen, steps, unfolded) {
  const shape = row => shapeOf(steps[row.at])
  const shapes = seen.map(shape)
  const found = []
  for (let place = 0; place < seen.length; ) {
    const [length, times] = repeats(shapes, place)
    if (times === 1) {
      found.push(seen[place++])
      continue
    }
    const first = seen[place]
    const end = place + length * times
    const open = unfolded.has(first.at)
    for (let i = place; i < (open ? end : place + length); i++) {
      const head = i === place
      found.push({ ...seen[i], fold: first.at, times: head ? times : 1, length: head ? length : 1, open: head && open,
        turn: Math.floor((i - place) / length) + 1, inside: !head })
    }
    place = end
  }
  return found
}

function repeats(shapes, place) {
  let best = [1, 1]
  for (let length = 1; length <= LONGEST && place + 2 * length <= shapes.length; length++) {
    let times = 1
    while (same(shapes, place, place + times * length, length)) times++
    if (times > 1 && length * times > best[0] * best[1]) best = [length, times]
  }
  return best
}

function same(shapes, first, second, length) {
  if (second + length > shapes.length) return false
  for (let i = 0; i < length; i++) if (shapes[first + i] !== shapes[second + i]) return false
  return true
}

export const shapeOf = step => `${step.kind} ${step.depth} ${step.fn} ${step.caller} ${step.line} ${step.ended} ${step.name}`

/** The place of the row that shows a step: its own, or that of the step around it. */
export function rowOf(found, at) {
  let best = 0
  found.forEach((row, place) => {
    if (row.at <= at) best = place
  })
  return best
}

/** The step around a step, -1 where there is none. */
export function around(steps, at) {
  for (let i = at - 1; i >= 0; i--) if (steps[i].depth < steps[at].depth) return i
  return -1
}
