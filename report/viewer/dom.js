// One way to make elements: text is always text, so nothing in a trace can become markup.

/** h("a.link", { href }, "text", child, …): an element with classes, attributes, properties that begin with "on". */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".")
  const element = document.createElement(name)
  if (classes.length) element.className = classes.join(" ")
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

/** Scroll a pane, and only the pane, until an element in it is seen. */
export function reveal(pane, element) {
  if (!element) return
  const box = pane.getBoundingClientRect(), its = element.getBoundingClientRect()
  if (pane.scrollHeight > pane.clientHeight + 1) {
    if (its.top < box.top + 60) pane.scrollTop -= box.top + 60 - its.top
    if (its.bottom > box.bottom - 30) pane.scrollTop += its.bottom - box.bottom + 30
  }
}
