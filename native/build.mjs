// Builds the addon with node-gyp when its sources, its compiler flags or Node changed. What is missing is said in one sentence.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'build/.millrace-built');

function fingerprint() {
  const hash = createHash('sha256').update(`${process.versions.modules} ${process.arch} ${process.versions.napi}`);
  const sources = readdirSync(join(root, 'native'), { recursive: true })
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort();
  for (const name of [...sources.map((source) => join('native', source)), 'binding.gyp'])
    hash.update(name).update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

function fail(message) {
  console.error(`millrace: ${message}`);
  process.exit(1);
}

function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

const wanted = fingerprint();
const built = join(root, 'build/Release/millrace.node');
if (existsSync(built) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0);

if (!has(process.env.CXX ?? 'g++'))
  fail('a C++ compiler is needed to build the storage engine: run `apt-get install -y g++ make python3`.');
if (!has('make')) fail('make is needed to build the storage engine: run `apt-get install -y g++ make python3`.');
if (!has('python3'))
  fail('python3 is needed to build the storage engine (node-gyp uses it): run `apt-get install -y g++ make python3`.');
const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
if (!existsSync(gyp)) fail('node-gyp is not installed: run `npm ci` first.');

// Headers of the running Node beside it save a download (and work without a network).
const prefix = dirname(dirname(process.execPath));
const nodedir = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
console.error('millrace: building the storage engine (C++, about half a minute) ...');
const started = process.hrtime.bigint();
const result = spawnSync(process.execPath, [gyp, 'rebuild', '--jobs', '2', '--silent', ...nodedir], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, npm_config_loglevel: 'error' },
});
if (result.status !== 0 || !existsSync(built)) {
  const output = `${result.stdout}${result.stderr}`;
  // node-gyp's install step fetches headers; it says many things when it cannot.
  if (/node_api\.h: No such file|node-gyp\/lib\/install\.js|ENOTFOUND|ECONNREFUSED|EAI_AGAIN/.test(output))
    fail(
      "Node's C++ headers are missing and could not be fetched: install them (for Debian's own nodejs: `apt-get install -y libnode-dev`), or use a Node that has include/node beside bin.",
    );
  console.error(output.slice(-6000));
  fail('the storage engine did not build; the compiler output is above.');
}
mkdirSync(dirname(stamp), { recursive: true });
writeFileSync(stamp, wanted);
console.error(`millrace: storage engine built in ${(Number(process.hrtime.bigint() - started) / 1e9).toFixed(1)} s.`);
