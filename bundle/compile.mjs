// Puts what V8 compiled beside the scripts of dist/bin: a broker is started, so that what a start runs is in it, and ended again.
//
//   node bundle/compile.mjs
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

const bin = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist/bin');
for (const name of readdirSync(bin)) if (name.endsWith('.compiled')) rmSync(join(bin, name));
const data = mkdtempSync(join(tmpdir(), 'millrace-build-'));
let done = false;
process.on('exit', () => {
  rmSync(data, { recursive: true, force: true });
  // The command line is as good without, only slower to start: where no broker can start, it will say why itself.
  if (!done) console.error('bundle: no broker starts here, so nothing is compiled in advance');
  process.exitCode = 0;
});

/** The broker says where it is in its log. */
const ready = new Promise((resolve) => {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk, ...rest) => {
    const line = String(chunk);
    const port = /"msg":"ready on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) resolve(Number(port));
    return line.includes('"level":"info"') || write(chunk, ...rest);
  };
});
// V8 takes back only what was compiled under the flags it has then, and `start` sets some when all is loaded.
v8.setFlagsFromString = () => {};
process.argv = [process.argv[0], join(bin, 'main.js'), 'start', '--port', '0', '--data', data, '--log-level', 'info'];
const { scripts } = await import(join(bin, 'main.js'));
const socket = connect(await ready, '127.0.0.1');
await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
socket.destroy();
for (const [name, script] of scripts) writeFileSync(join(bin, `${name}.compiled`), script.createCachedData());
done = true;
process.kill(process.pid, 'SIGTERM');
