import type { FileSystem, HttpClient } from '../../../common/ports/index.js';
import type { HostAndPort } from '../../values.js';

/** What a server's process and its metrics said at one instant. Left out: not known. */
export interface ServerSample {
  /** User and system time of all threads since the process began, to 10 ms. */
  readonly cpuSeconds?: number;
  readonly voluntarySwitches?: number;
  readonly involuntarySwitches?: number;
  readonly rssBytes?: number;
  /** Of the data path, counted by the server itself. */
  readonly systemCalls?: number;
  readonly copiedBytes?: number;
  readonly sendfileBytes?: number;
}

/** USER_HZ, the unit of times in /proc: 100 on every architecture that we run on. */
const ticksPerSecond = 100;

/** Utime and stime of /proc/<pid>/stat. Undefined for text that is none. */
export function cpuSecondsOf(stat: string): number | undefined {
  // The name of the program, in parentheses, may contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks / ticksPerSecond : undefined;
}

function statusField(status: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

async function textOf(files: FileSystem, path: string): Promise<string | undefined> {
  // A process or thread that has just ended has no files, or files that cannot be read.
  const bytes = await files.readFile(path).catch(() => undefined);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

export async function isLocalProcess(files: FileSystem, pid: number): Promise<boolean> {
  return (await textOf(files, `/proc/${pid}/stat`)) !== undefined;
}

async function processSample(files: FileSystem, pid: number): Promise<ServerSample> {
  const stat = await textOf(files, `/proc/${pid}/stat`);
  const status = await textOf(files, `/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return {};
  const tasks = (await files.listDirectory(`/proc/${pid}/task`).catch(() => undefined)) ?? [];
  const threads = await Promise.all(tasks.map(({ name }) => textOf(files, `/proc/${pid}/task/${name}/status`)));
  const sum = (field: string): number =>
    threads.reduce((total, text) => total + (text === undefined ? 0 : (statusField(text, field) ?? 0)), 0);
  const cpuSeconds = cpuSecondsOf(stat);
  const rssKib = statusField(status, 'VmRSS');
  return {
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    ...(rssKib === undefined ? {} : { rssBytes: rssKib * 1024 }),
    voluntarySwitches: sum('voluntary_ctxt_switches'),
    involuntarySwitches: sum('nonvoluntary_ctxt_switches'),
  };
}

/** Sums of the samples of each counter, by name. Comments and what cannot be read are passed over. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_:][\w:]*)(?:\{.*\})? ([-+.\deE]+)(?: \d+)?\s*$/.exec(line);
    const [, name, value] = match ?? [];
    if (name !== undefined && Number.isFinite(Number(value))) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

/** From what Millrace counts. */
export function metricsSample(text: string): ServerSample {
  const sums = parseMetrics(text);
  const calls = [...sums].filter(([name]) => name.startsWith('millrace_syscalls_')).map(([, value]) => value);
  const copied = sums.get('millrace_bytes_sent_copied_total');
  const sendfile = sums.get('millrace_bytes_sent_sendfile_total');
  return {
    ...(calls.length === 0 ? {} : { systemCalls: calls.reduce((total, value) => total + value, 0) }),
    ...(copied === undefined ? {} : { copiedBytes: copied }),
    ...(sendfile === undefined ? {} : { sendfileBytes: sendfile }),
  };
}

const scrapeTimeoutMs = 5000;

/** Undefined when there is no good answer. */
async function scrape(http: HttpClient, { host, port }: HostAndPort): Promise<string | undefined> {
  const name = host.includes(':') ? `[${host}]` : host;
  const answer = await http
    .get(`http://${name}:${port}/metrics`, { timeoutMs: scrapeTimeoutMs })
    .catch(() => undefined);
  return answer?.status === 200 ? answer.body : undefined;
}

export interface ProbeTarget {
  readonly pid: number | undefined;
  /** Where Millrace's metrics are. */
  readonly metrics: HostAndPort | undefined;
}

export async function sampleServer(
  target: ProbeTarget,
  { files, http }: { readonly files: FileSystem; readonly http: HttpClient },
): Promise<ServerSample> {
  const [process, metrics] = await Promise.all([
    target.pid === undefined ? {} : processSample(files, target.pid),
    target.metrics === undefined ? undefined : scrape(http, target.metrics),
  ]);
  return { ...process, ...(metrics === undefined ? {} : metricsSample(metrics)) };
}
