const maxLength = 249;
const legal = /^[A-Za-z0-9._-]+$/;

/** Why a topic cannot have this name, in Kafka's words; undefined when it can. */
export function invalidTopicName(name: string): string | undefined {
  const problem = describe(name);
  return problem === undefined ? undefined : `Topic name is invalid: ${problem}`;
}

function describe(name: string): string | undefined {
  if (name === '') return 'the empty string is not allowed';
  if (name === '.' || name === '..') return `'${name}' is not allowed`;
  if (name.length > maxLength) return `the length of '${name}' is longer than the max allowed length ${maxLength}`;
  if (!legal.test(name))
    return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  return undefined;
}

/** Names that differ only in '.' and '_' would share the names of their metrics. */
export function collidingTopic(name: string, existing: Iterable<string>): string | undefined {
  const unified = name.replaceAll('.', '_');
  for (const other of existing) if (other !== name && other.replaceAll('.', '_') === unified) return other;
  return undefined;
}
