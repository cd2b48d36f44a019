import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const index = join(import.meta.dirname, '../../dist/index.js');

/** A program that never calls `process.exit`: any handle, timer or thread that is left keeps it from ending. */
const program = `
import { connect } from 'node:net';
import { startBroker } from ${JSON.stringify(`file://${index}`)};
// Streams are opened when they are first looked at; they are not the broker's.
process.stdout.isTTY || process.stderr.isTTY;
const before = process.getActiveResourcesInfo();
for (const options of [{}, { clock: 'virtual' }, { config: { 'millrace.metrics.port': 0 } }]) {
  const brokers = await Promise.all([startBroker(options), startBroker(options), startBroker(options)]);
  const sockets = brokers.map(({ port }) => connect(port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const closed = sockets.map((socket) => new Promise((resolve) => socket.on('error', () => {}).once('close', resolve)));
  await Promise.all(brokers.map((broker) => broker.close()));
  await Promise.all(closed);
}
const left = () => process.getActiveResourcesInfo().filter((name) => !before.includes(name));
// Closing a socket takes some turns.
for (let turn = 0; turn < 100 && left().length > 0; turn += 1) await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify(left().filter((name) => name !== 'Immediate')));
`;

it('a program whose brokers are closed ends by itself, with no handle and no timer left', () => {
  if (!existsSync(index)) throw new Error(`${index} is missing: run "npm run build" first`);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  expect(JSON.parse(stdout)).toEqual([]);
});
