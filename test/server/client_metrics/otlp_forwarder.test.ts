import { describe, expect, it } from 'vitest';
import { HttpError } from '../../../src/common/ports/index.js';
import { VirtualTime } from '../../../src/env/index.js';
import { decodeOtlp } from '../../../src/server/client_metrics/otlp.js';
import { OtlpForwarder } from '../../../src/server/client_metrics/otlp_forwarder.js';
import type { ClientPush } from '../../../src/server/client_metrics/receiver.js';
import { MemoryLogger } from '../../../src/telemetry/memory_logger.js';
import { gauge, metricsData } from '../../support/otlp.js';

const url = 'http://collector:4318/v1/metrics';

function pushOf(value: number): ClientPush {
  return {
    clientInstanceId: 'c' as ClientPush['clientInstanceId'],
    attributes: {
      client_instance_id: 'c',
      client_id: 'one',
      client_software_name: 'soft',
      client_software_version: '1',
      client_source_address: '10.0.0.1',
      client_source_port: '50000',
    },
    data: metricsData(gauge('m', value)),
  };
}

/** A collector that answers as told: a status, or nothing. */
function setUp(most?: { readonly pushes: number; readonly bytes: number }) {
  const time = new VirtualTime();
  const logger = new MemoryLogger();
  const taken: number[] = [];
  const labels: Array<ReadonlyMap<string, string>> = [];
  const state = { answer: 200 as number | undefined, underWay: 0, mostUnderWay: 0 };
  const sender = {
    post: async (to: string, { body }: { readonly body: Uint8Array }): Promise<number> => {
      state.underWay += 1;
      state.mostUnderWay = Math.max(state.mostUnderWay, state.underWay);
      await Promise.resolve();
      state.underWay -= 1;
      if (state.answer === undefined) throw new HttpError(to, 'ECONNREFUSED');
      const [point] = decodeOtlp(body).points;
      if (state.answer === 200 && point !== undefined) {
        taken.push(point.value);
        labels.push(point.labels);
      }
      return state.answer;
    },
  };
  const forwarder = new OtlpForwarder(url, { clock: time, timers: time, sender, logger }, most);
  return { time, logger, taken, labels, state, forwarder };
}

describe('pushes to a collector', () => {
  it('arrive in order, one at a time, with who they are from', async () => {
    const { time, taken, labels, state, forwarder } = setUp();
    for (let value = 1; value <= 5; value += 1) forwarder.receive(pushOf(value));
    await time.advance(0);
    expect(taken).toEqual([1, 2, 3, 4, 5]);
    expect(state.mostUnderWay).toBe(1);
    expect(Object.fromEntries(labels[0] ?? [])).toMatchObject({
      rack: 'r1',
      client_id: 'one',
      client_source_port: '50000',
    });
    expect(forwarder.totals).toEqual({ sent: 5, failed: 0, dropped: 0 });
  });

  it.each([undefined, 503])('wait while it answers %s, longer each time, and are all sent then', async (answer) => {
    const { time, taken, state, forwarder, logger } = setUp();
    state.answer = answer;
    for (let value = 1; value <= 3; value += 1) forwarder.receive(pushOf(value));
    await time.advance(6_999);
    state.answer = 200;
    // Tried at 0, 1 and 3 seconds; next at 7.
    expect(taken).toEqual([]);
    await time.advance(1);
    expect(taken).toEqual([1, 2, 3]);
    expect(forwarder.totals).toEqual({ sent: 3, failed: 0, dropped: 0 });
    expect(logger.entries.filter(({ message }) => message.includes(url))).toHaveLength(1);
  });

  it('that it refuses are given up', async () => {
    const { time, taken, state, forwarder } = setUp();
    state.answer = 400;
    forwarder.receive(pushOf(1));
    await time.advance(0);
    state.answer = 200;
    forwarder.receive(pushOf(2));
    await time.advance(0);
    expect(taken).toEqual([2]);
    expect(forwarder.totals).toEqual({ sent: 1, failed: 1, dropped: 0 });
  });

  it('that are too many go, the oldest first', async () => {
    const { time, taken, state, forwarder } = setUp({ pushes: 2, bytes: 1 << 20 });
    state.answer = undefined;
    for (let value = 1; value <= 5; value += 1) forwarder.receive(pushOf(value));
    await time.advance(500);
    state.answer = 200;
    await time.advance(500);
    expect(taken).toEqual([4, 5]);
    expect(forwarder.totals).toEqual({ sent: 2, failed: 0, dropped: 3 });
  });

  it('are over when the broker closes', async () => {
    const { time, taken, state, forwarder } = setUp();
    state.answer = undefined;
    forwarder.receive(pushOf(1));
    await time.advance(0);
    state.answer = 200;
    forwarder.close();
    await time.advance(60_000);
    expect(taken).toEqual([]);
  });
});
