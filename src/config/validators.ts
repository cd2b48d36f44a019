import type { ConfigValue, Validator } from './definition.js';

export function invalidValue(name: string, value: string, reason: string): string {
  return `Invalid value ${value} for configuration ${name}: ${reason}`;
}

/** `Array.isArray` for read-only arrays. */
export function isList(value: ConfigValue | null): value is readonly string[] {
  return Array.isArray(value);
}

function numbers(describe: string, problem: (value: number) => string | undefined): Validator {
  return {
    describe,
    check: (name, value, shown) => {
      const reason = typeof value === 'number' ? problem(value) : 'Value must be non-null';
      return reason === undefined ? undefined : invalidValue(name, shown, reason);
    },
  };
}

/** Both ends belong to the range. */
export function between(min: number, max: number): Validator {
  return numbers(`[${min},...,${max}]`, (value) =>
    value < min ? `Value must be at least ${min}` : value > max ? `Value must be no more than ${max}` : undefined,
  );
}

export function atLeast(min: number): Validator {
  return numbers(`[${min},...]`, (value) => (value < min ? `Value must be at least ${min}` : undefined));
}

/** gzip: 1 to 9, or −1 for the codec's default. */
export const gzipLevel: Validator = numbers('[1,...,9] or -1', (value) =>
  value === -1 || (value >= 1 && value <= 9) ? undefined : 'Value must be between 1 and 9 or equal to -1',
);

export function oneOf(...allowed: readonly string[]): Validator {
  return {
    describe: `[${allowed.join(', ')}]`,
    check: (name, value) =>
      typeof value === 'string' && allowed.includes(value)
        ? undefined
        : invalidValue(name, String(value), `String must be one of: ${allowed.join(', ')}`),
  };
}

export function oneOfIgnoringCase(...allowed: readonly string[]): Validator {
  return {
    describe: `(case insensitive) [${allowed.join(', ')}]`,
    check: (name, value) =>
      typeof value === 'string' && allowed.includes(value.toUpperCase())
        ? undefined
        : invalidValue(name, String(value), `String must be one of (case insensitive): ${allowed.join(', ')}`),
  };
}

/** Kafka checks that the setting is not null, which a text never is. */
export const nonNull: Validator = { describe: 'non-null string', check: () => undefined };

export const nonEmptyString: Validator = {
  describe: 'non-empty string',
  check: (name, value) => (value === '' ? invalidValue(name, '', 'String must be non-empty') : undefined),
};

function lists(
  describe: string,
  rule: { readonly allowed?: readonly string[]; readonly mayBeEmpty: boolean },
): Validator {
  const { allowed, mayBeEmpty } = rule;
  return {
    describe,
    check: (name, value) => {
      if (!isList(value)) return undefined;
      if (value.length === 0 && !mayBeEmpty) {
        const expected = allowed === undefined ? 'any non-empty value' : `[${allowed.join(', ')}]`;
        return `Configuration '${name}' must not be empty. Valid values include: ${expected}`;
      }
      for (const item of value) {
        if (item === '') return `Configuration '${name}' values must not be empty.`;
        if (allowed !== undefined && !allowed.includes(item))
          return invalidValue(name, item, `String must be one of: ${allowed.join(', ')}`);
      }
      return undefined;
    },
  };
}

/** What every LIST obeys that says nothing else. */
export const anyList: Validator = lists('', { mayBeEmpty: true });
export const nonEmptyList: Validator = lists('', { mayBeEmpty: false });

export function listOf(...allowed: readonly string[]): Validator {
  return lists(`[${allowed.join(', ')}]`, { allowed, mayBeEmpty: true });
}

export function nonEmptyListOf(...allowed: readonly string[]): Validator {
  return lists(`[${allowed.join(', ')}]`, { allowed, mayBeEmpty: false });
}

function entries(
  form: RegExp,
  problem: (name: string, entry: string) => string,
  describe = 'non-empty list',
): Validator {
  return {
    describe,
    check: (name, value) => {
      if (!isList(value)) return undefined;
      const wrong = value.find((entry) => !form.test(entry));
      return wrong === undefined ? undefined : problem(name, wrong);
    },
  };
}

export const quorumVoters: Validator = entries(/^\d+@[^:@]+:\d{1,5}$/, (name, entry) =>
  /^\d+@/.test(entry)
    ? `Failed to parse host name from entry ${entry} for the configuration ${name}. Each entry should be in the form \`{id}@{host}:{port}\`.`
    : `Invalid configuration value for ${name}. Each entry should be in the form \`{id}@{host}:{port}\`.`,
);

export const quorumServers: Validator = entries(
  /^(\[[^\]]+\]|[^:]+):\d{1,5}$/,
  (name, entry) =>
    `Failed to parse host name from ${entry} for the configuration ${name}. Each entry should be in the form "{host}:{port}"`,
);

export const telemetryReceivers: Validator = entries(
  /^(prometheus|https?:\/\/[^\s/]+(\/\S*)?)$/,
  (name, entry) =>
    invalidValue(
      name,
      entry,
      'Each must be `prometheus` or the address of an OTLP collector, as http://host:4318/v1/metrics',
    ),
  '[prometheus, http://..., https://...]',
);

export const throttledReplicas: Validator = {
  describe: '[partitionId]:[brokerId],[partitionId]:[brokerId],...',
  check: (name, value) => {
    if (!isList(value)) return undefined;
    if ((value.length === 1 && value[0] === '*') || value.every((entry) => /^\d+:\d+$/.test(entry))) return undefined;
    return invalidValue(
      name,
      `[${value.join(', ')}]`,
      `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`,
    );
  },
};

/** KIP-932: where a share group begins. */
export const shareAutoOffsetReset: Validator = {
  describe: '[latest, earliest, by_duration:PnDTnHnMn.nS]',
  check: (name, value) =>
    typeof value === 'string' &&
    /^(latest|earliest|by_duration:[Pp](?!$)(\d+[Dd])?([Tt](?=\d)(\d+[Hh])?(\d+[Mm])?(\d+(\.\d+)?[Ss])?)?)$/.test(value)
      ? undefined
      : invalidValue(
          name,
          String(value),
          `Invalid value \`${String(value)}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`,
        ),
};
