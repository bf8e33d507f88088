// Answers one JSON line on stdin with one on stdout, as the starter's functions.py does.
"use strict";

const readline = require("node:readline");
const stack = require("./stack");

const bytes = (hex) => Buffer.from(hex, "hex");

const FUNCTIONS = {
  accept_token: ({ key }) => stack.acceptToken(key),
  mask: ({ payload, key, offset }) => stack.mask(bytes(payload), bytes(key), offset).toString("hex"),
  frame: ({ opcode, payload, fin }) => stack.frame(opcode, bytes(payload), fin).toString("hex"),
  frames: ({ pieces }) => {
    let rest = Buffer.alloc(0);
    const all = [];
    for (const piece of pieces) {
      const read = stack.frames(Buffer.concat([rest, bytes(piece)]));
      rest = read.rest;
      all.push(...read.found.map((one) => ({ ...one, payload: one.payload.toString("hex") })));
    }
    return all;
  },
  split_list: ({ value }) => stack.splitList(value),
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  let answer;
  try {
    const question = JSON.parse(line);
    answer = { result: FUNCTIONS[question.function](question.arguments) };
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
