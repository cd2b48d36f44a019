// Memory of a broker with many idle connections, each of which was answered once: `node bench/connections.mjs [count]` (10000).
// The limit of descriptors must allow the count (`ulimit -n`); run `npm run build` before.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

const [, , first = '10000', port] = process.argv;
const count = Number(first);

function rssKib(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

if (first === 'broker') {
  const { startBroker } = await import('../dist/index.js');
  const broker = await startBroker();
  process.send(broker.bootstrapServers);
  process.on('message', async () => {
    await broker.close();
    process.exit(0);
  });
} else if (port !== undefined) {
  // ApiVersions 0 on one connection after the other; then all stay.
  const sockets = [];
  for (let i = 0; i < count; i += 1) {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => process.exit(1));
    socket.write(Buffer.from('0000000a00120000000000010000', 'hex'));
    await once(socket, 'data');
    sockets.push(socket);
  }
  process.send('ready');
} else {
  const self = fileURLToPath(import.meta.url);
  const broker = fork(self, ['broker']);
  const [servers] = await once(broker, 'message');
  const before = rssKib(broker.pid);
  const clients = fork(self, [String(count), servers.split(':')[1]]);
  await once(clients, 'message');
  const after = rssKib(broker.pid);
  const each = ((after - before) / count).toFixed(1);
  console.log(`${count} connections: RSS ${before} KiB before, ${after} KiB with all of them, ${each} KiB each`);
  clients.kill();
  broker.send('end');
}
