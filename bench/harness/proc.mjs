// What Linux says about a process: CPU time in nanoseconds, memory, context switches, descriptors.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// USER_HZ: the unit of /proc/PID/stat on every Linux that Node runs on.
const ticksPerSecond = 100;

function tasks(pid) {
  const found = new Map();
  for (const tid of readdirSync(`/proc/${pid}/task`))
    try {
      found.set(tid, Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]));
    } catch {
      // The thread has just ended.
    }
  return found;
}

function ticks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function switches(pid) {
  const totals = { voluntary: 0, involuntary: 0 };
  for (const tid of readdirSync(`/proc/${pid}/task`))
    try {
      const text = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
      totals.voluntary += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0);
      totals.involuntary += Number(/nonvoluntary_ctxt_switches:\s+(\d+)/.exec(text)?.[1] ?? 0);
    } catch {
      // The thread has just ended.
    }
  return totals;
}

/** A moment to measure from. */
export function snapshot(pid) {
  return { pid, tasks: tasks(pid), ticks: ticks(pid), switches: switches(pid) };
}

/**
 * User and system time and context switches of the process since `before`. The scheduler's own count of each thread is exact to the
 * nanosecond but forgets threads that have ended (a JVM's compilers); the clock ticks of the process do not, so the larger one counts
 * where the two differ by more than ticks can.
 */
export function since(before) {
  const now = snapshot(before.pid);
  let exact = 0;
  for (const [tid, ns] of now.tasks) exact += ns - (before.tasks.get(tid) ?? 0);
  const exactSeconds = exact / 1e9;
  const tickSeconds = (now.ticks - before.ticks) / ticksPerSecond;
  return {
    cpuSeconds: tickSeconds > exactSeconds + 0.02 ? tickSeconds : exactSeconds,
    voluntarySwitches: Math.max(0, now.switches.voluntary - before.switches.voluntary),
    involuntarySwitches: Math.max(0, now.switches.involuntary - before.switches.involuntary),
  };
}

function statusBytes(pid, field) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** Resident memory, bytes. */
export function rssBytes(pid) {
  return statusBytes(pid, 'VmRSS');
}

/** Of it, bytes that no file backs: heaps, buffers, stacks. The rest is programs, and mapped parts of segments and indexes. */
export function anonymousBytes(pid) {
  return statusBytes(pid, 'RssAnon');
}

export function openDescriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How many descriptors are open of each kind: `socket`, `.log` and other endings of files, `pipe`, `anon_inode`. */
export function descriptorKinds(pid) {
  const kinds = {};
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let target;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      continue; // Closed meanwhile.
    }
    const file = /^\/.*?(\.[a-z]+)?( \(deleted\))?$/.exec(target);
    const kind =
      file === null ? target.split(':')[0] : `${file[1] ?? 'other'}${file[2] === undefined ? '' : ', deleted'}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}
