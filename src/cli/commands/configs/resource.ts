import { Argument } from 'commander';
import type { ConfigResource, ConfigResourceType } from '../../../client/index.js';
import { UsageError } from '../../exit_codes.js';

export const configTypes: readonly ConfigResourceType[] = [
  'topic',
  'broker',
  'group',
  'client-metrics',
  'broker-logger',
];

export function typeArgument(): Argument {
  return new Argument('<type>', 'what kind of thing').choices(configTypes);
}

export const nameHelp = 'topic, broker id or group; with broker "default" for the defaults of all brokers';

/** @throws UsageError */
export function resourceOf(type: string | undefined, name: string | undefined): ConfigResource {
  const known = configTypes.find((one) => one === type);
  if (known === undefined || name === undefined) throw new UsageError(`there are no configs of a ${type ?? 'nothing'}`);
  if (known !== 'broker') return { type: known, name };
  if (name !== 'default' && !/^\d+$/.test(name)) throw new UsageError(`"${name}" is not the id of a broker`);
  return { type: known, name: name === 'default' ? '' : name };
}
