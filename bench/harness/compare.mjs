// One workload on several servers in turn: A B, B A, A B, ... so that what the machine does meanwhile meets all of them. Closed loops take
// turns every few hundredths of a second within a round, loads at a fixed rate round by round.
import { loadHistograms } from '../../dist/cli/bench/histogram.js';
import { measure, runClient, startSlices, systemCallsPerRequest, warmFor, watch, writes } from './load.mjs';
import { spread } from './stats.mjs';

/** JavaScript is compiled meanwhile: after a quarter of a second the first round was a fifth below the others. */
const warmUpSeconds = 0.75;
const countingSeconds = 0.25;
/**
 * The noise of a shared host has waves of seconds: the ratio of two neighbouring loads varied by 12 to 19 %, of 0.2 s each as of 0.6 s. In
 * turns this short both meet the same wave.
 */
const sliceMs = 40;
const histograms = await loadHistograms();

/** The client's buckets as the report keeps them. */
export function latencyRecord(rows) {
  const merged = histograms.create();
  for (const { histogramNs } of rows) for (const [ns, count] of histogramNs) merged.record(ns / 1000, count);
  return merged.toRecord();
}

/**
 * A run for the report. Before each load `prepare(server)` gives the topic, right after it `cleanUp(server, topic)` removes what was
 * written, so that the pages are there for the next load and the disk has nothing to do. `options(server, topic)`: what the load client is
 * told. Every server gets a short load before that is not counted, and with `countSystemCalls` one after.
 */
export async function compare(context, workload) {
  const { name, settings = {}, targets = [], servers, prepare, cleanUp, options, countSystemCalls = true } = workload;
  const once = async (server, work, seconds) => {
    const topic = await prepare(server);
    const result = await work(context, server, { ...options(server, topic), seconds });
    await cleanUp?.(server, topic);
    return result;
  };
  const rows = new Map(servers.map((server) => [server.name, []]));
  const results = [];
  const { mode, rate } = options(servers[0]);
  const isClosed = rate === undefined && mode !== 'end-to-end';
  // Nothing of it is counted: it may meet cold memory.
  const load = (_, server, asked) => runClient(context.load, server, asked);
  for (const server of servers) await once(server, load, warmUpSeconds);
  for (let round = 0; round < (workload.rounds ?? context.rounds); round += 1) {
    const order = round % 2 === 0 ? servers : [...servers].reverse();
    const measured = isClosed ? await inSlices(context, order, { prepare, cleanUp, options }) : undefined;
    for (const server of order)
      rows.get(server.name).push(measured?.get(server) ?? (await once(server, measure, context.seconds)));
    results.push(Object.fromEntries(servers.map((server) => [server.name, rows.get(server.name)[round].metrics])));
  }
  if (countSystemCalls)
    for (const server of servers) {
      const count = await once(server, systemCallsPerRequest, countingSeconds);
      if (count !== undefined) results[0][server.name].systemCallsPerRequest = count;
    }
  const sizes = new Set([...rows.values()].flat().map(({ answerBytes }) => answerBytes));
  if (settings.sameAnswers === true && sizes.size > 1)
    throw new Error(`${name}: the servers' answers differ in size: ${[...sizes].join(', ')}`);
  context.progress(progressLine(name, servers, results, rows));
  const latencies = Object.fromEntries([...rows].map(([server, list]) => [server, latencyRecord(list)]));
  const shown = Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'sameAnswers'));
  return { workload: name, settings: shown, rounds: results, targets, latencies, ...workload.report };
}

/**
 * A round of closed loops, all under way and one of them running: what each server did. Each runs for `seconds`; those that write share them,
 * so that no more is written at once than memory takes.
 */
async function inSlices(context, servers, { prepare, cleanUp, options }) {
  const loads = [];
  for (const server of servers) {
    const topic = await prepare(server);
    loads.push({ server, topic, asked: options(server, topic) });
  }
  const seconds = writes(loads[0].asked) ? context.seconds / servers.length : context.seconds;
  warmFor(
    context,
    loads.map(({ asked }) => ({ ...asked, seconds })),
  );
  for (const load of loads) {
    load.end = await watch(load.server, load.asked);
    load.client = startSlices(context.load, load.server, load.asked);
  }
  for (let i = 0; i < Math.ceil((seconds * 1000) / sliceMs); i += 1)
    for (const load of i % 2 === 0 ? loads : [...loads].reverse()) await load.client.slice(sliceMs);
  const measured = new Map();
  for (const { server, end, client } of loads) measured.set(server, await end(await client.finish()));
  for (const { server, topic } of loads) await cleanUp?.(server, topic);
  return measured;
}

function progressLine(name, servers, results, rows) {
  const rates = servers.map((server) =>
    Math.round(
      results.map((round) => round[server.name].requestsPerSecond).sort((a, b) => a - b)[
        Math.floor(results.length / 2)
      ],
    ),
  );
  const parts = [`${name.padEnd(34)} ${servers.map((server, i) => `${server.name} ${rates[i]}/s`).join(', ')}`];
  if (servers.length === 2) {
    const [one, other] = servers.map(({ name: key }) => key);
    parts.push(
      `ratio ${spread(results.map((round) => round[one].requestsPerSecond / round[other].requestsPerSecond))}`,
    );
  }
  const unsent = [...rows.values()].flat().reduce((sum, row) => sum + row.unsent, 0);
  if (unsent > 0) parts.push(`${unsent} requests were not sent in time`);
  return parts.join(', ');
}
