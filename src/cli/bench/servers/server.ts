import type { HostAndPort } from '../../values.js';

/** A broker that is measured. */
export interface BenchServer {
  /** As the report names it. */
  readonly name: string;
  readonly version: string | undefined;
  readonly bootstrapServers: readonly HostAndPort[];
  /** Of the one process that serves; undefined when it is not on this machine or not known. */
  readonly pid: number | undefined;
  readonly metrics: HostAndPort | undefined;
  /** What the reader of the report should know about it. */
  readonly notes: readonly string[];
  /** What a broker that the bench started logged as a warning or worse, the last few lines. */
  readonly troubles: () => readonly string[];
  /** Ends it if the bench started it. */
  readonly close: () => Promise<void>;
}

export function addressOf({ bootstrapServers }: Pick<BenchServer, 'bootstrapServers'>): string {
  return bootstrapServers.map(({ host, port }) => `${host}:${port}`).join(',');
}

/** One that runs already. */
export function givenServer(parts: {
  readonly name: string;
  readonly bootstrapServers: readonly HostAndPort[];
  readonly pid: number | undefined;
  readonly metrics: HostAndPort | undefined;
}): BenchServer {
  const { name, pid, metrics } = parts;
  const notes = [
    ...(pid === undefined
      ? [
          `CPU time, context switches and RSS of ${name} are left out: its process is not known (name it with --server-pid).`,
        ]
      : []),
    ...(metrics === undefined
      ? [
          `System calls and copied bytes of ${name} are left out: only Millrace counts them (name its metrics with --metrics).`,
        ]
      : []),
  ];
  return { ...parts, version: undefined, notes, troubles: () => [], close: () => Promise.resolve() };
}
