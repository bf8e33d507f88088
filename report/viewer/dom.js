// One way to make elements: text is always text, so nothing in a trace can become markup.

/** h("a.link", { href }, "text", child, …): an element with classes, attributes, properties that begin with "on". */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".")
  return filled(document.createElement(name), classes, attributes, children)
}

/** The same for a part of a drawing. */
export function drawn(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".")
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), classes, attributes, children)
}

function filled(element, classes, attributes, children) {
  if (classes.length) element.setAttribute("class", classes.join(" "))
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value)
    else element.setAttribute(key, value === true ? "" : value)
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false && child !== ""))
  return element
}

export const $ = id => document.getElementById(id)

/** A link to where source stands, "" where it has no address. */
export function link(url, ...children) {
  return url ? h("a.source-link", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...children) : ""
}

/** One tab stop for a list: only the chosen one of its buttons can be tabbed to. */
export function rove(buttons, chosen) {
  const stop = buttons.includes(chosen) ? chosen : buttons[0]
  for (const button of buttons) button.tabIndex = button === stop ? 0 : -1
}

/** A sentence of ours, in which `code` and **strong** stand as in the Markdown pages. */
export function prose(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map(part =>
    (part.startsWith("`") && part.length > 1 ? h("code", {}, part.slice(1, -1)) : part.startsWith("**") && part.length > 4 ? h("b", {}, part.slice(2, -2)) : part))
}

/** The same without any mark, where only text can stand. */
export const plainly = text => text.replace(/`|\*\*/g, "")

/** Text that a line may be broken in where a name has a dot. */
export function breakable(name) {
  return name.split(/(?<=[._])/).flatMap((part, i) => (i ? [h("wbr"), part] : [part]))
}

/**
 * Let `change` draw anew, and keep the focus: what had it is found again by the list that it is in and by what its data
 * attributes say; where it is gone, its list's own stop has the focus.
 */
export function keepingFocus(change) {
  const at = document.activeElement
  const list = at?.closest("ol, ul, table, tbody, section, nav, [role=tablist], .hex")
  const id = list?.closest("[id]")?.id
  const says = at ? JSON.stringify({ ...at.dataset }) : ""
  change()
  if (!id || at === document.body || (document.activeElement !== document.body && at.isConnected)) return
  const again = [...$(id).querySelectorAll("button, a")].filter(one => one.checkVisibility?.() ?? true)
  const found = again.find(one => JSON.stringify({ ...one.dataset }) === says) ?? again.find(one => one.tabIndex === 0)
    ?? document.querySelector("#steps [aria-current='step']")
  found?.focus({ preventScroll: true })
}

/** Scroll a pane, and only the pane, until an element in it is seen. */
export function reveal(pane, element, above = 60) {
  if (!element) return
  const box = pane.getBoundingClientRect(), its = element.getBoundingClientRect()
  if (pane.scrollHeight > pane.clientHeight + 1) {
    if (its.top < box.top + above) pane.scrollTop -= box.top + above - its.top
    if (its.bottom > box.bottom - 30) pane.scrollTop += its.bottom - box.bottom + 30
  }
}
