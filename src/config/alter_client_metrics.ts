import { type CompiledRegex, compileRegex, RegexError } from '../common/re2/regex.js';
import { splitList } from '../common/split_list.js';
import { applyOps, type ConfigChange, type ConfigOp, checkOps, isRefusal, notAList, refuse } from './changes.js';
import { clientMetricsConfigDefinition } from './tables/client_metrics.js';
import { parseValue } from './values.js';

/** What a client can be recognised by (`match`). */
export const clientSelectors = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
] as const;
export type ClientSelector = (typeof clientSelectors)[number];

const minIntervalMs = 100;
const maxIntervalMs = 3_600_000;

/** IncrementalAlterConfigs of a subscription to client metrics. */
export function alterClientMetrics(current: ReadonlyMap<string, string>, ops: readonly ConfigOp[]): ConfigChange {
  const wrong = checkOps(ops);
  if (wrong !== undefined) return wrong;
  // As in Kafka its lists cannot be added to.
  const next = applyOps(current, ops, () => undefined, notAList);
  if (isRefusal(next)) return next;
  for (const [name, raw] of next) {
    const definition = clientMetricsConfigDefinition(name);
    if (definition === undefined) return refuse('INVALID_REQUEST', `Unknown client metrics configuration: ${name}`);
    const result = parseValue(name, definition, raw);
    if (!result.ok) return refuse('INVALID_CONFIG', result.problem);
    if (name === 'interval.ms' && (Number(raw) < minIntervalMs || Number(raw) > maxIntervalMs))
      return refuse(
        'INVALID_REQUEST',
        `Invalid value ${raw} for interval.ms, interval must be between ${minIntervalMs} and ${maxIntervalMs} (1 hour)`,
      );
    if (name !== 'match') continue;
    const match = parseClientMatch(raw);
    if (typeof match === 'string') return refuse('INVALID_CONFIG', match);
  }
  return { ok: true, configs: next, warnings: [] };
}

/** Together they keep a pattern below a tenth of a second, whatever it is and whatever a client calls itself. */
const maxPatternSteps = 500;
const maxMatchedChars = 4_096;

/**
 * Patterns by what they are about; each must match as a whole. Kafka takes Java's, whose time can grow beyond all bounds with the text;
 * these are RE2's. A text longer than 4,096 characters matches none. A string says what is wrong.
 */
export function parseClientMatch(raw: string): ReadonlyMap<ClientSelector, CompiledRegex> | string {
  const patterns = new Map<ClientSelector, CompiledRegex>();
  for (const part of splitList(raw, ',')) {
    const [name, pattern, ...rest] = part.split('=');
    const selector = clientSelectors.find((one) => one === name?.trim());
    if (selector === undefined || pattern === undefined || rest.length > 0)
      return `Illegal client matching pattern: ${part}`;
    try {
      const compiled = compileRegex(pattern.trim(), maxPatternSteps);
      patterns.set(selector, { matches: (text) => text.length <= maxMatchedChars && compiled.matches(text) });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      return `Illegal client matching pattern: ${part}`;
    }
  }
  return patterns;
}
