import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

  static start(dataDirectory: string, settings: Record<string, string> = {}, port = 0): Promise<BrokerProcess> {
    const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const args = [join(root, 'dist/bin/main.js'), 'start', '--port', String(port), '--data', dataDirectory, ...sets];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    return new Promise((resolve, reject) => {
      const onText = (chunk: Buffer) => {
        text += chunk.toString();
        const ready = /"bootstrapServers":"[^"]*:(\d+)"/.exec(text);
        if (ready !== null) resolve(new BrokerProcess(child, Number(ready[1]), () => text));
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
