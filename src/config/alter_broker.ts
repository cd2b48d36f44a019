import type { BrokerConfig } from './broker_config.js';
import {
  applyOps,
  type ConfigChange,
  type ConfigOp,
  type ConfigRefusal,
  checkOps,
  isRefusal,
  refuse,
} from './changes.js';
import { contradictions } from './contradictions.js';
import type { BrokerConfigDefinition } from './definition.js';
import { brokenRequirement, type ConfigWarning, supportOf, unreadableValue } from './problems.js';
import { brokerConfigDefinition } from './tables/broker.js';
import { parseValue } from './values.js';

/** What a change is for: one broker, or every broker (the resource with the empty name). */
export type BrokerScope = 'broker' | 'cluster';

/** Kafka changes these while it runs, Millrace does not yet. */
const FIXED_AT_START: ReadonlySet<string> = new Set(['listeners', 'listener.security.protocol.map']);

/** Kafka wants these under `listener.name.<name>.`. */
const ONLY_PER_LISTENER: ReadonlySet<string> = new Set(
  [
    'enabled.protocols',
    'key.password',
    'keystore.certificate.chain',
    'keystore.key',
    'keystore.location',
    'keystore.password',
    'keystore.type',
    'truststore.certificates',
    'truststore.location',
    'truststore.password',
    'truststore.type',
    'engine.factory.class',
    'protocol',
    'provider',
    'cipher.suites',
    'keymanager.algorithm',
    'trustmanager.algorithm',
    'endpoint.identification.algorithm',
    'secure.random.implementation',
  ].map((name) => `ssl.${name}`),
);

/** AlterConfigs of a broker or of all: `configs` takes the place of everything that was set. */
export function replaceBrokerConfigs(
  broker: BrokerConfig,
  scope: BrokerScope,
  current: ReadonlyMap<string, string>,
  configs: ReadonlyMap<string, string | null>,
): ConfigChange {
  const ops = [...configs].map(([name, value]): ConfigOp => ({ name, operation: 'SET', value }));
  const wrong = checkOps(ops) ?? checkNames(scope, ops);
  if (wrong !== undefined) return wrong;
  return judge(broker, scope, current, new Map(ops.map(({ name, value }) => [name, value ?? ''])));
}

/** IncrementalAlterConfigs of a broker or of all. */
export function alterBrokerConfigs(
  broker: BrokerConfig,
  scope: BrokerScope,
  current: ReadonlyMap<string, string>,
  ops: readonly ConfigOp[],
): ConfigChange {
  const wrong = checkOps(ops);
  if (wrong !== undefined) return wrong;
  const next = applyOps(current, ops, brokerConfigDefinition, (op, definition) =>
    definition === undefined
      ? refuse('INVALID_CONFIG', `Unknown config name: ${op.name}`)
      : refuse(
          'INVALID_CONFIG',
          `Config value ${op.operation.toLowerCase()} is not allowed for config key: ${op.name}`,
        ),
  );
  if (isRefusal(next)) return next;
  const kept = ops.filter(({ operation }) => operation !== 'DELETE');
  return checkNames(scope, kept) ?? judge(broker, scope, current, next);
}

/** Which configs may change at all, and where. Kafka takes names it does not know; Millrace takes nothing silently. */
function checkNames(scope: BrokerScope, ops: readonly ConfigOp[]): ConfigRefusal | undefined {
  const known = ops.flatMap(({ name }) => {
    const definition = brokerConfigDefinition(name);
    return definition === undefined ? [] : [{ name, definition }];
  });
  const where = (test: (name: string, definition: BrokerConfigDefinition) => boolean): string | undefined => {
    const names = known.filter(({ name, definition }) => test(name, definition)).map(({ name }) => name);
    return names.length === 0 ? undefined : `[${names.join(', ')}]`;
  };
  const fixed = where((_name, { updateMode }) => updateMode === 'read-only');
  if (fixed !== undefined) return refuse('INVALID_REQUEST', `Cannot update these configs dynamically: ${fixed}`);
  const perListener = where((name) => ONLY_PER_LISTENER.has(name));
  if (perListener !== undefined)
    return refuse(
      'INVALID_REQUEST',
      `These security configs can be dynamically updated only per-listener using the listener prefix: ${perListener}`,
    );
  const single = where((_name, { updateMode }) => scope === 'cluster' && updateMode === 'per-broker');
  if (single !== undefined)
    return refuse(
      'INVALID_REQUEST',
      `Cannot update these configs at default cluster level, broker id must be specified: ${single}`,
    );
  const atStart = where((name) => FIXED_AT_START.has(name));
  if (atStart !== undefined)
    return refuse(
      'INVALID_REQUEST',
      `Millrace reads these configs at start only, change server.properties: ${atStart}`,
    );
  const unknown = ops.find(({ name }) => brokerConfigDefinition(name) === undefined);
  return unknown && refuse('INVALID_CONFIG', `Unknown broker config name: ${unknown.name}`);
}

function judge(
  broker: BrokerConfig,
  scope: BrokerScope,
  current: ReadonlyMap<string, string>,
  next: ReadonlyMap<string, string>,
): ConfigChange {
  const warnings: ConfigWarning[] = [];
  for (const [name, raw] of next) {
    const definition = brokerConfigDefinition(name);
    if (definition === undefined || current.get(name) === raw) continue;
    const result = parseValue(name, definition, raw);
    if (!result.ok) return refuse('INVALID_REQUEST', result.problem);
    const unreadable = unreadableValue(name, result.parsed.value);
    if (unreadable !== undefined) return refuse('INVALID_REQUEST', unreadable);
    if (name === 'log.cleaner.threads' && Number(result.parsed.value) < 1)
      return refuse('INVALID_REQUEST', 'Log cleaner threads should be at least 1');
    const broken = brokenRequirement(name, result.parsed.value);
    if (broken !== undefined) return refuse('INVALID_REQUEST', `requirement failed: ${broken}`);
    const { error, warning } = supportOf(name, definition, result.parsed);
    if (error !== undefined) return refuse('INVALID_CONFIG', error);
    if (warning !== undefined) warnings.push({ name, message: warning });
  }
  const together = broker.withLayer(
    scope === 'broker' ? 'DYNAMIC_BROKER_CONFIG' : 'DYNAMIC_DEFAULT_BROKER_CONFIG',
    next,
  );
  const [wrong] = contradictions(together);
  return wrong === undefined ? { ok: true, configs: next, warnings } : refuse('INVALID_REQUEST', wrong.message);
}
