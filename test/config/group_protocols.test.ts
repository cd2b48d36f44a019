import { describe, expect, it } from 'vitest';
import { BrokerConfig } from '../../src/config/index.js';

function problems(name: string, value: string): string[] {
  const result = BrokerConfig.fromProperties({ 'node.id': '1', [name]: value });
  return result.ok ? [] : result.errors.map(({ message }) => message);
}

describe('what group protocols cannot be set to', () => {
  it.each([
    ['group.coordinator.rebalance.protocols', 'consumer,streams', /Disabling the 'classic' protocol is not supported/],
    [
      'group.coordinator.rebalance.protocols',
      'classic,other',
      /String must be one of: consumer, classic, share, streams/,
    ],
    ['group.coordinator.rebalance.protocols', '', /must not be empty/],
    ['group.consumer.assignors', 'range,com.example.Mine', /Class com\.example\.Mine cannot be found/],
    ['group.share.assignors', 'range', /Class range cannot be found/],
    ['group.consumer.migration.policy', 'sideways', /String must be one of \(case insensitive\)/],
  ])('%s=%s', (name, value, sentence) => {
    expect(problems(name, value)).toEqual([expect.stringMatching(sentence)]);
  });

  it.each([
    ['group.coordinator.rebalance.protocols', 'classic'],
    ['group.coordinator.rebalance.protocols', 'share,classic,consumer,streams'],
    ['group.consumer.assignors', 'range'],
    ['group.share.assignors', 'simple'],
    ['group.consumer.migration.policy', 'Upgrade'],
  ])('but %s=%s', (name, value) => {
    expect(problems(name, value)).toEqual([]);
    const warned = BrokerConfig.fromProperties({ 'node.id': '1', [name]: value });
    expect(warned.ok && warned.warnings).toEqual([]);
  });
});
