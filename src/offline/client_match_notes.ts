import { parseClientMatch } from '../config/index.js';

/** What to say of client-metrics subscriptions whose `match` only Java's regular expressions know: they match nobody here. */
export function clientMatchNotes(clientMetrics: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] {
  return [...clientMetrics].flatMap(([name, configs]) => {
    const match = parseClientMatch(configs.get('match') ?? '');
    return typeof match === 'string' ? [`client-metrics ${name} will match nobody: ${match}`] : [];
  });
}
