export type ConnectionOverrides =
  | { readonly ok: true; readonly counts: ReadonlyMap<string, number> }
  | { readonly ok: false; readonly problem: string };

export const connectionOverridesName = 'max.connections.per.ip.overrides';

/** `max.connections.per.ip.overrides`: `host:count,host:count`. `problem` is Kafka's sentence. */
export function parseConnectionOverrides(text: string): ConnectionOverrides {
  const counts = new Map<string, number>();
  const invalid: string[] = [];
  for (const entry of text.trim() === '' ? [] : text.trim().split(/\s*,\s*/)) {
    const colon = entry.lastIndexOf(':');
    if (colon < 0) return unreadable(`begin 0, end -1, length ${entry.length}`);
    const host = entry.slice(0, colon).trim();
    const count = entry.slice(colon + 1).trim();
    if (!/^[+-]?\d{1,10}$/.test(count)) return unreadable(`For input string: "${count}"`);
    if (!/^[0-9a-zA-Z\-%._:]+$/.test(host)) invalid.push(host);
    counts.set(host, Math.max(0, Number(count)));
  }
  if (invalid.length > 0)
    return {
      ok: false,
      problem: `requirement failed: ${connectionOverridesName} contains invalid addresses : ${invalid.join(',')}`,
    };
  return { ok: true, counts };
}

function unreadable(reason: string): ConnectionOverrides {
  return { ok: false, problem: `Error parsing configuration property '${connectionOverridesName}': ${reason}` };
}
