import type { SegmentedLog } from '../../src/common/ports/index.js';

export interface ColdLog {
  /** Each ends one of the loads that were begun. */
  readonly loads: Array<() => void>;
  /** Reads that would have waited for the medium, by name. */
  readonly waits: string[];
}

/** Of the log's files; what an index in memory answers is among them. */
const reads = [
  'read',
  'readCopy',
  'availableBytes',
  'findBatchByTimestamp',
  'findBatchOfMaxTimestamp',
  'scanBatches',
] as const;

/** From now on the log is not in memory: who must not wait finds it only after so many loads. */
export function makeCold(log: SegmentedLog, times: number): ColdLog {
  const cold: ColdLog = { loads: [], waits: [] };
  let isLooking = false;
  const load = () => ({ loading: new Promise<void>((resolve) => cold.loads.push(resolve)) });
  for (const name of reads) {
    const read = log[name].bind(log) as (...asked: unknown[]) => unknown;
    const value = (...asked: unknown[]) => {
      if (!isLooking) cold.waits.push(name);
      return read(...asked);
    };
    Object.defineProperty(log, name, { value, configurable: true });
  }
  const readAtOnce = log.readAtOnce.bind(log);
  log.readAtOnce = (...asked) => (cold.loads.length < times ? load() : readAtOnce(...asked));
  const atOnce = log.atOnce.bind(log);
  log.atOnce = (look, aheadBytes) => {
    if (cold.loads.length < times) return load();
    isLooking = true;
    try {
      return atOnce(look, aheadBytes);
    } finally {
      isLooking = false;
    }
  };
  return cold;
}

/** Ends each load that is begun, until `act` is through. */
export async function loadAll<T>(cold: ColdLog, act: Promise<T>): Promise<T> {
  let isDone = false;
  const done = act.finally(() => {
    isDone = true;
  });
  for (let ended = 0; !isDone; ) {
    await new Promise((resolve) => setImmediate(resolve));
    for (; ended < cold.loads.length; ended += 1) cold.loads[ended]?.();
  }
  return done;
}
