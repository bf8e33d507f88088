// The steps of clients.py with npm's `ws`. In: one argument, a plan as JSON. Out: one line of JSON, step to result.
const WebSocket = require('ws');
const plan = JSON.parse(process.argv[2]);

// One connection: `talk(ws, resolve)` says what to do once it is open, and resolves with the step's result.
function step(path, talk) {
  return new Promise((resolve) => {
    const url = plan.url.replace('/echo', path);
    const ws = new WebSocket(url, { perMessageDeflate: plan.compression, handshakeTimeout: plan.wait * 1000 });
    const late = setTimeout(() => resolve('nothing in time'), plan.wait * 1000);
    const done = (result) => { clearTimeout(late); resolve(result); ws.terminate(); };
    ws.on('error', (error) => done(`${error.name}: ${error.message}`));
    ws.on('open', () => talk(ws, done));
  });
}

const shown = (data, isBinary) => (isBinary ? data.toString('hex') : data.toString());
const echo = (message) => step('/echo', (ws, done) => {
  ws.on('message', (data, isBinary) => done(shown(data, isBinary)));
  ws.send(message);
});
const large = (message) => step('/echo', (ws, done) => {
  ws.on('message', (data, isBinary) => {
    const same = isBinary === Buffer.isBuffer(message) && Buffer.compare(data, Buffer.from(message)) === 0;
    done(same ? data.length : `${data.length} came back, not equal`);
  });
  ws.send(message);
});
const ended = (path) => step(path, (ws, done) => {
  ws.on('close', (code, reason) => done([code, reason.toString()]));
  ws.send('go');
});

async function main() {
  const results = {};
  results.compression = await step('/echo', (ws, done) => done(ws.extensions.includes('permessage-deflate')));
  results.text = await echo(plan.text);
  results.empty = await echo('');
  results.binary = await echo(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
  results['large text'] = await large('x'.repeat(plan.large));
  results['large binary'] = await large(Buffer.alloc(plan.large));
  results.fragments = await step('/echo', (ws, done) => {
    ws.on('message', (data, isBinary) => done(shown(data, isBinary)));
    plan.fragments.forEach((part, at) => ws.send(part, { fin: at === plan.fragments.length - 1 }));
  });
  results.ping = await step('/echo', (ws, done) => {
    ws.on('pong', (data) => done(data.toString() === 'Hello'));
    ws.ping('Hello');
  });
  if (plan.endings) await endings(results);
  process.stdout.write(JSON.stringify(results) + '\n');
}

async function endings(results) {
  results['client closes'] = await step('/echo', (ws, done) => {
    ws.on('close', (code) => done(code));
    ws.close(4000, 'done');
  });
  results['server closes'] = await ended('/close');
  results['handler returns'] = (await ended('/return'))[0];
  results['handler raises'] = (await ended('/boom'))[0];
}

main();
