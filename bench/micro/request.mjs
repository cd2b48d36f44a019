// User time of one request in JavaScript: decoded, handled and encoded, its log read by the addon, without sockets.
//
//   node bench/micro/request.mjs [fetch|api-versions] [--requests 500000]
//
// CPU time, not wall time, so that other work on the machine matters less. Five runs after a warm-up.
import { parseArgs } from 'node:util';
import { startBroker } from '../../dist/index.js';
import { encodeRequest } from '../../dist/protocol/frame.js';
import { apiByKey } from '../../dist/protocol/registry.js';
import { Writer } from '../../dist/protocol/writer.js';
import { Pipeline } from '../../dist/server/request_pipeline.js';
import { releaseRegion } from '../../dist/storage/native_log.js';
import { createTopic, produceOnce, WireClient } from '../wire.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { requests: { type: 'string', default: '500000' } },
});
const [which = 'fetch'] = positionals;
const count = Number(values.requests);

// The broker keeps its pipeline to itself; it is seen when it is opened.
let pipeline;
const { open } = Pipeline.prototype;
Pipeline.prototype.open = function () {
  pipeline = this;
  return open.call(this);
};
const broker = await startBroker();
const client = await WireClient.connect(Number(broker.bootstrapServers.split(':')[1]));
await createTopic(client, 'micro');
for (let i = 0; i < 64; i += 1) await produceOnce(client, 'micro', 1024);
client.close();

const bodies = {
  fetch: [
    1,
    11,
    {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      topics: [{ topic: 'micro', partitions: [{ partition: 0, fetchOffset: 3, partitionMaxBytes: 1024 }] }],
    },
  ],
  'api-versions': [18, 0, {}],
};
const [key, version, body] = bodies[which];
const writer = new Writer();
encodeRequest(writer, apiByKey(key), version, 7, 'bench', body);
const frame = Buffer.concat(writer.toChain()).subarray(4);
const connection = {
  id: 1,
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  localPort: 1,
  listenerName: 'micro',
  clientId: 'bench',
  principal: 'User:ANONYMOUS',
  clientSoftwareName: '',
  clientSoftwareVersion: '',
  closeCallbacks: new Set(),
  nameClient() {},
  close() {},
  defer() {
    throw new Error('this request is answered at once');
  },
};
function run(requests) {
  for (let i = 0; i < requests; i += 1) {
    const response = pipeline.process(connection, frame, 0, frame.length);
    for (let link = 0; link < response.linkCount; link += 1) releaseRegion(response.links[link].part);
    if ((i & 3) === 3) pipeline.onTurnEnd();
  }
}
run(count / 2);
const ns = [];
for (let round = 0; round < 5; round += 1) {
  const before = process.cpuUsage();
  run(count);
  ns.push((process.cpuUsage(before).user * 1000) / count);
}
ns.sort((a, b) => a - b);
console.log(`${which}: ${ns[2].toFixed(0)} ns of user time a request (${ns[0].toFixed(0)}–${ns[4].toFixed(0)})`);
await broker.close();
