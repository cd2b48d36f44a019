import { expect, it, vi } from 'vitest';
import type { Timers } from '../../src/common/ports/index.js';
import type { ConnectionContext } from '../../src/network/request_channel.js';
import { ApiKey } from '../../src/protocol/api_keys.js';
import { encodeRequest } from '../../src/protocol/frame.js';
import { apiByKey } from '../../src/protocol/registry.js';
import { Writer } from '../../src/protocol/writer.js';
import { REQUEST_PERCENTAGE } from '../../src/quota/quota_keys.js';
import { QuotaManager } from '../../src/quota/quota_manager.js';
import { Pipeline } from '../../src/server/request_pipeline.js';
import { Throttle } from '../../src/server/throttle.js';
import { silentLogger } from '../../src/telemetry/index.js';

const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null };
const connection: ConnectionContext = {
  id: 1,
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  localPort: 1,
  listenerName: 'PLAINTEXT',
  clientSoftwareName: 'test',
  clientSoftwareVersion: '1',
  principal: 'User:ANONYMOUS',
  clientId: null,
  nameClient: () => {},
  closeCallbacks: new Set(),
  holdRequests: () => () => {},
  mute: () => () => {},
  close: () => {},
  mayRepeat: () => false,
  repeat: () => {},
  defer: () => () => {},
};
const timers: Timers = { after: () => ({ cancel: () => {} }), soon: () => {} };

it('counts all of a request: decoding, its handler, encoding its answer', () => {
  let nowMs = 1000;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const window = { samples: 11, sampleMs: 1000 };
  const manager = new QuotaManager(window, window);
  manager.load([{ entity: { user: null }, values: new Map([[REQUEST_PERCENTAGE, 50]]) }]);
  const throttle = new Throttle(manager, clock, timers);
  const judged = vi.spyOn(throttle, 'judge');
  const pipeline = new Pipeline(clock, silentLogger, { maxFrameBytes: 1 });
  pipeline.register(ApiKey.Heartbeat, () => {
    nowMs += 20;
    return {
      throttleTimeMs: 0,
      // Read by the encoder.
      get errorCode() {
        nowMs += 300;
        return 0;
      },
    };
  });
  pipeline.throttle = throttle;
  pipeline.open();
  const api = apiByKey(ApiKey.Heartbeat);
  if (api === undefined) throw new Error('no Heartbeat');
  const writer = new Writer();
  encodeRequest(writer, api, 4, 7, 'c', heartbeat);
  // Each look at the request takes a millisecond.
  const bytes = new Proxy(Buffer.from(writer.bytes()), {
    get: (target, name): unknown => {
      if (name === '4') nowMs += 1;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value;
    },
  });
  expect(pipeline.process(connection, bytes, 4, bytes.length)).not.toBeNull();
  expect(judged.mock.calls.map(([, key, clientId, usage]) => [key, clientId, usage.spentMs])).toEqual([
    [ApiKey.Heartbeat, 'c', 321],
  ]);
});
