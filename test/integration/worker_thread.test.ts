import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const dist = pathToFileURL(`${process.cwd()}/dist/index.js`).href;

/** Nobody is left to remove the brokers' directories. */
const temporary = mkdtempSync(join(tmpdir(), 'worker-thread-test-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Runs a module of its own process: what is tested here would take this one with it. */
function run(script: string) {
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, TMPDIR: temporary },
  });
  return { code: ended.status, signal: ended.signal, lines: ended.stdout.trim().split('\n'), errors: ended.stderr };
}

it('a worker thread with a running broker can be terminated, and the process goes on', () => {
  const worker = `
    import { parentPort } from 'node:worker_threads';
    import { startBroker } from ${JSON.stringify(dist)};
    const broker = await startBroker();
    parentPort.postMessage(broker.bootstrapServers);
  `;
  const ended = run(`
    import { once } from 'node:events';
    import { connect } from 'node:net';
    import { Worker } from 'node:worker_threads';
    for (let round = 0; round < 3; round += 1) {
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)})));
      const [servers] = await once(worker, 'message');
      const [host, port] = servers.split(':');
      const socket = connect(Number(port), host).on('error', () => {});
      await once(socket, 'connect');
      // ApiVersions 0, answered; then half a request.
      const request = Buffer.from('0000000a00120000000000010000', 'hex');
      socket.write(request);
      await once(socket, 'data');
      socket.write(request.subarray(0, 7));
      const gone = once(socket, 'close');
      await worker.terminate();
      await gone;
      console.log('terminated');
    }
  `);
  expect(ended).toEqual({ code: 0, signal: null, lines: ['terminated', 'terminated', 'terminated'], errors: '' });
});

it('a process with a running broker can exit at once', () => {
  const ended = run(`
    import { startBroker } from ${JSON.stringify(dist)};
    await startBroker();
    console.log('started');
    process.exit(3);
  `);
  expect(ended).toEqual({ code: 3, signal: null, lines: ['started'], errors: '' });
});
