// One run of the load client against one server, with what the server spent meanwhile.
import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { rssBytes, since, snapshot } from './proc.mjs';
import { metricsOf } from './servers.mjs';

/** `{ mode: 'produce', batchBytes: 1024 }` as the client's arguments. */
function argumentsOf(server, options) {
  const args = ['--port', String(server.port)];
  for (const [name, value] of Object.entries(options))
    if (value !== undefined) args.push(`--${name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, String(value));
  return args;
}

/** Calls `onLine` with each line of the program's output but the last; resolves with that once the program has ended well. */
function lastLine(child, what, onLine) {
  return new Promise((resolve, reject) => {
    let rest = '';
    let last = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (last !== '') onLine(JSON.parse(last));
        last = line;
      }
    });
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve({ ...JSON.parse(last), errors }) : reject(new Error(`${what}: ${errors}`)),
    );
  });
}

/** The client's last line; `onLine` gets the intervals before it. */
export function runClient(program, server, options, onLine = () => {}, prefix = []) {
  const [command, ...args] = [...prefix, program, ...argumentsOf(server, options)];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  return lastLine(child, `${server.name}, ${JSON.stringify(options)}`, onLine);
}

/** A closed loop that runs when it is told: `slice(ms)` resolves when all its answers are there, `finish()` with what `runClient` does. */
export function startSlices(program, server, options) {
  const child = spawn(program, argumentsOf(server, { ...options, slices: 1 }), { stdio: ['pipe', 'pipe', 'pipe'] });
  let onSlice = () => {};
  // `lastLine` tells a line when the next one is there: too late here.
  child.stdout.on('data', () => onSlice());
  child.stdin.on('error', () => {});
  const result = lastLine(child, `${server.name}, ${JSON.stringify(options)}`, () => {});
  // Who asks for a slice, or finishes, hears of it.
  result.catch(() => {});
  return {
    slice: (ms) =>
      Promise.race([
        result,
        new Promise((resolve) => {
          onSlice = resolve;
          child.stdin.write(`${ms}\n`);
        }),
      ]),
    finish: () => {
      child.stdin.end();
      return result;
    },
  };
}

/**
 * Virtual machines hand out memory slowly the first time a page is used (here 0.46 GB/s of page cache, 3.8 GB/s into pages used
 * before), which slows down whatever meets new pages. A file larger than what the load can write is written and removed before it: its
 * pages are the next ones to be given out. And what earlier loads left to be written back is gone.
 */
export function warmMemory(directory, bytes) {
  spawnSync('sync');
  const path = join(directory, 'warm');
  spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${Math.ceil(bytes / 2 ** 20)}`]);
  rmSync(path);
}

// No server here takes more than this in a second. Warming what is not needed costs time: the hypervisor takes free pages back in seconds.
const mostRequestsPerSecond = 250_000;
const mostBytesPerSecond = 1.8e9;

function bytesToWrite({ rate, seconds, batchBytes, recordBytes = 1024, records = 1 }) {
  const requests = rate === undefined ? mostRequestsPerSecond : 1.3 * rate;
  return Math.min(requests * (batchBytes ?? recordBytes * records + 100), mostBytesPerSecond) * seconds;
}

export const writes = ({ mode }) => mode === 'produce' || mode === 'end-to-end';

/** Warm pages for what the loads together can write. */
export function warmFor(context, loads) {
  const bytes = loads.filter(writes).reduce((sum, options) => sum + bytesToWrite(options), 0);
  if (bytes > 0) warmMemory(context.directory, bytes);
}

/** Begins to count what the server spends; what is returned ends it, with the client's result. */
export async function watch(server, options) {
  const metricsBefore = server.kind === 'millrace' ? await metricsOf(server) : undefined;
  const before = snapshot(server.pid);
  return async (result) => {
    const spent = since(before);
    const metricsAfter = server.kind === 'millrace' ? await metricsOf(server) : undefined;
    const delta = (name) => (metricsAfter.get(name) ?? 0) - (metricsBefore.get(name) ?? 0);
    return {
      histogramNs: result.histogramNs,
      bytes: result.bytes,
      requests: result.requests,
      answerBytes: result.answerBytes,
      unsent: result.unsent,
      metrics: {
        requestsPerSecond: result.requestsPerSecond,
        ...(writes(options) ? { recordsPerSecond: result.recordsPerSecond } : {}),
        megabytesPerSecond: result.mbPerSecond,
        ...(result.bytes > 0 ? { cpuSecondsPerGb: (spent.cpuSeconds / result.bytes) * 1e9 } : {}),
        p50Us: result.p50Ms * 1000,
        p99Us: result.p99Ms * 1000,
        p999Us: result.p999Ms * 1000,
        maxUs: result.maxMs * 1000,
        voluntarySwitchesPerRequest: spent.voluntarySwitches / result.requests,
        involuntarySwitchesPerRequest: spent.involuntarySwitches / result.requests,
        ...(metricsBefore === undefined
          ? {}
          : {
              copiedBytes: delta('millrace_bytes_sent_copied_total'),
              sendfileBytes: delta('millrace_bytes_sent_sendfile_total'),
            }),
        rssBytes: rssBytes(server.pid),
      },
    };
  };
}

/** One load, measured: what the client saw, and CPU, switches, copies and memory of the server. */
export async function measure(context, server, options) {
  warmFor(context, [options]);
  const end = await watch(server, options);
  return await end(await runClient(context.load, server, options));
}

/**
 * System calls of all of the server's threads for each request, counted by the kernel's tracepoint in a load of its own (counting costs
 * time). Undefined where perf is missing or not allowed.
 */
export async function systemCallsPerRequest(context, server, options) {
  const perf = ['perf', 'stat', '-x', ',', '-e', 'raw_syscalls:sys_enter', '-p', String(server.pid), '--'];
  const result = await runClient(context.load, server, options, () => {}, perf).catch(() => undefined);
  const count = Number(/^(\d+),.*raw_syscalls/m.exec(result?.errors ?? '')?.[1]);
  return Number.isFinite(count) && result.requests > 0 ? count / result.requests : undefined;
}
