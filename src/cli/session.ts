import type { Admin, ClusterClient } from '../client/index.js';
import type { CliIo } from './io.js';
import type { Report } from './report.js';

/** What a running command has: the cluster, and where its words go. */
export interface Session {
  readonly cluster: ClusterClient;
  readonly admin: Admin;
  readonly report: Report;
  readonly io: CliIo;
}

/** Options that every command has. */
export interface GlobalFlags {
  readonly bootstrapServer?: ReadonlyArray<{ readonly host: string; readonly port: number }>;
  readonly timeout: number;
}
