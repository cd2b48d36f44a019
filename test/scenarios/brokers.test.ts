import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../src/index.js';
import { coordinatorsThere } from '../compat/coordinators/connection.js';
import { runCommand, type ScenarioBroker, Stage } from './broker_runner.js';
import { parseScenario, printScenario } from './scenario.js';

// Conversations with a whole broker in virtual time. MILLRACE_SCENARIO_UPDATE=1 writes the actual output into the files: the diff is the review.
// MILLRACE_SCENARIO_BROKER=port plays those without `# inside` to a broker at that port, in real time, with the settings below.
const directory = join(import.meta.dirname, 'brokers');
const update = process.env.MILLRACE_SCENARIO_UPDATE === '1';
const otherPort = Number(process.env.MILLRACE_SCENARIO_BROKER ?? 0);
const files = readdirSync(directory).filter((name) => name.endsWith('.txt'));

const settings = {
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.num.partitions': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  'group.consumer.assignment.interval.ms': 0,
  'group.consumer.min.session.timeout.ms': 1000,
  'group.consumer.session.timeout.ms': 6000,
  'group.consumer.heartbeat.interval.ms': 1000,
  'group.consumer.min.heartbeat.interval.ms': 1000,
  'group.share.assignment.interval.ms': 0,
  'group.share.min.record.lock.duration.ms': 1000,
  'group.share.record.lock.duration.ms': 2000,
  'group.streams.assignment.interval.ms': 0,
  'group.streams.initial.rebalance.delay.ms': 0,
  'group.streams.min.session.timeout.ms': 1000,
  'group.streams.session.timeout.ms': 6000,
  'group.streams.heartbeat.interval.ms': 1000,
  'group.streams.min.heartbeat.interval.ms': 1000,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
};

async function ours(): Promise<ScenarioBroker> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-scenario-'));
  const start = () =>
    startBroker({ clock: 'virtual', dataDirectory, config: { 'connections.max.idle.ms': -1, ...settings } });
  let broker = await start();
  return {
    get port() {
      return broker.port;
    },
    settle: () => broker.clock.advance('1ms'),
    advance: (durationMs) => broker.clock.advance(`${durationMs}ms`),
    restart: async () => {
      await broker.close();
      broker = await start();
    },
    close: async () => {
      await broker.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

const other: ScenarioBroker = {
  port: otherPort,
  advance: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
  settle: () => other.advance(1000),
  restart: () => Promise.reject(new Error('restarts our own broker only')),
  close: async () => undefined,
};

describe('scenarios of whole brokers', () => {
  it.each(files)('%s', { timeout: 120_000 }, async (name) => {
    const path = join(directory, name);
    const text = readFileSync(path, 'utf8');
    if (otherPort > 0 && text.startsWith('# inside')) return;
    const scenario = parseScenario(text);
    const stage = new Stage(otherPort > 0 ? other : await ours(), otherPort > 0 ? `${randomUUID().slice(0, 8)}.` : '');
    try {
      await coordinatorsThere(stage.on);
      const actual: string[] = [];
      for (const { command } of scenario.steps) actual.push(await runCommand(command, stage));
      if (update && otherPort === 0) writeFileSync(path, printScenario(scenario, actual));
      else
        expect(printScenario(scenario, actual)).toBe(
          printScenario(
            scenario,
            scenario.steps.map(({ expected }) => expected),
          ),
        );
    } finally {
      await stage.on.close();
      await stage.broker.close();
    }
  });
});
