import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MetadataResponse } from '../../src/protocol/api/metadata.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { ErrorCode } from '../../src/protocol/errors.js';
import { WireClient } from './wire_client.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** `millrace start` as a process of its own (dist must be built). */
export class BrokerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** Everything it logged so far. */
    readonly output: () => string,
  ) {}

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Resolves when it answers, and all its logs are loaded. */
  static start(dataDirectory: string, settings: Record<string, string> = {}, port = 0): Promise<BrokerProcess> {
    const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const args = [join(root, 'dist/bin/main.js'), 'start', '--port', String(port), '--data', dataDirectory, ...sets];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let answers = false;
    return new Promise((resolve, reject) => {
      const onText = (chunk: Buffer) => {
        text += chunk.toString();
        const ready = /"bootstrapServers":"[^"]*:(\d+)"/.exec(text);
        if (ready === null || answers) return;
        answers = true;
        const port = Number(ready[1]);
        untilLoaded(port).then(() => resolve(new BrokerProcess(child, port, () => text)), reject);
      };
      child.stdout?.on('data', onText);
      child.stderr?.on('data', onText);
      child.on('exit', (code) => reject(new Error(`the broker ended with ${code}: ${text}`)));
    });
  }

  /** Resolves with the exit code, null after a signal. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    return new Promise((resolve) => {
      this.child.removeAllListeners('exit');
      this.child.on('exit', resolve);
      this.child.kill(signal);
    });
  }
}

/** No partition of the broker is without its leader. */
async function untilLoaded(port: number): Promise<void> {
  const client = await WireClient.connect(port);
  for (;;) {
    const { topics } = await client.send<MetadataResponse>(ApiKey.Metadata, 9, { topics: null });
    const loading = topics.some(({ partitions }) =>
      partitions.some(({ errorCode }) => errorCode === ErrorCode.LEADER_NOT_AVAILABLE),
    );
    if (!loading) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  client.close();
}
