import type { HttpServers } from '../common/ports/index.js';
import type { Metrics } from './metrics.js';

/**
 * Answers `GET /metrics`.
 *
 * @throws ListenError
 */
export function serveMetrics(
  servers: HttpServers,
  metrics: Metrics,
  at: { readonly host: string; readonly port: number },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  return servers.serve(at, async (path) =>
    path === '/metrics'
      ? { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await metrics.exposition() }
      : { status: 404, contentType: 'text/plain', body: 'the metrics are at /metrics\n' },
  );
}
