"use strict";
// Points that a person confirms or changes, saved as the record: the JSON that `unmagic emit` writes out.
const record = JSON.parse(document.getElementById("record").textContent);
const inputs = Array.from(document.querySelectorAll("input[data-part]"));
const total = document.getElementById("total");
const add = () => {
  const sum = inputs.reduce((all, one) => all + (Number(one.value) || 0), 0);
  total.textContent = String(Math.round(sum * 100) / 100);
};
inputs.forEach((one) => one.addEventListener("input", add));
document.getElementById("save").addEventListener("click", () => {
  if (!inputs.every((one) => one.reportValidity())) { return; }
  const by = document.getElementById("by");
  if (!by.reportValidity()) { return; }
  const notes = new Map(Array.from(document.querySelectorAll("input[data-note]")).map((one) => [one.dataset.note, one.value]));
  const points = new Map(inputs.map((one) => [one.dataset.part, Number(one.value)]));
  const parts = record.parts.map((part) => ({ ...part, points: points.get(part.id), note: notes.get(part.id) || "" }));
  const confirmed = { ...record, parts, confirmed: { by: by.value, at: new Date().toISOString().slice(0, 19) + "Z" } };
  const file = new Blob([JSON.stringify(confirmed, null, 1) + "\n"], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = record.report.replace(/[^\w.-]+/g, "_") + ".record.json";
  link.click();
  URL.revokeObjectURL(link.href);
});
add();
