import type { Command } from 'commander';
import type { QuotaEntityType } from '../../../client/index.js';

const types = [
  ['user', 'user', 'of this user'],
  ['client-id', 'clientId', 'of this client id'],
  ['ip', 'ip', 'of this address'],
] as const;

/** Options that name a quota's entity: `--user alice`, `--user-default`, and so on. */
export function withEntityOptions(command: Command): Command {
  for (const [type, , help] of types)
    command.option(`--${type} <name>`, help).option(`--${type}-default`, `of every ${type} without a quota of its own`);
  return command;
}

/** Null: the default of the type. */
export function entityOf(command: Command): Map<QuotaEntityType, string | null> {
  const options = command.opts<Readonly<Record<string, string | boolean | undefined>>>();
  const entity = new Map<QuotaEntityType, string | null>();
  for (const [type, key] of types) {
    const name = options[key];
    if (typeof name === 'string') entity.set(type, name);
    else if (options[`${key}Default`] === true) entity.set(type, null);
  }
  return entity;
}
