/** Broker configs that a single listener may have otherwise, as `listener.name.<listener>.<config>`; the name in lower case. */
const PER_LISTENER: ReadonlySet<string> = new Set(['max.connections', 'max.connection.creation.rate']);

export type PerListenerConfig = 'max.connections' | 'max.connection.creation.rate';

/** The broker config that `name` sets for one listener; undefined when it is no such name. */
export function baseOfListenerConfig(name: string): string | undefined {
  const [, base = ''] = /^listener\.name\.[^.]+\.(.+)$/.exec(name) ?? [];
  return PER_LISTENER.has(base) ? base : undefined;
}

export function listenerConfigName(listener: string, base: PerListenerConfig): string {
  return `listener.name.${listener.toLowerCase()}.${base}`;
}
