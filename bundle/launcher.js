#!/usr/bin/env node
// The command line. Its code lies beside this file in few scripts (Node takes half a millisecond to load each of the hundreds of modules that
// `dist` has), each with what V8 compiled of it when it was built (`bundle/compile.mjs`): a third of a broker's start was compiling. Another
// Node refuses that and compiles it anew.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

const folder = import.meta.dirname;
const requireElsewhere = createRequire(import.meta.url);
const modules = new Map();
/** What was loaded, by name. For `bundle/compile.mjs`. */
export const scripts = new Map();

function load(name) {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(name, module);
  const path = `${folder}/${name}`;
  const compiled = `${path}.compiled`;
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`;
  const script = new Script(source, {
    filename: path,
    cachedData: existsSync(compiled) ? readFileSync(compiled) : undefined,
  });
  scripts.set(name, script);
  const require = (id) => (id.startsWith('./') ? load(id.slice(2)) : requireElsewhere(id));
  script.runInThisContext()(module.exports, require, module, path, folder);
  return module.exports;
}

load('cli.cjs');
