/** One `listeners` entry with the address that clients are told. */
export interface Endpoint {
  /** Listener name, upper case, e.g. `PLAINTEXT`. */
  readonly name: string;
  /** '' binds every interface. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly advertisedHost: string;
  /** 0: whatever the bound port is. */
  readonly advertisedPort: number;
}

export interface EndpointSettings {
  readonly listeners: readonly string[];
  /** Empty: the listeners themselves. */
  readonly advertisedListeners: readonly string[];
  /** `listener.security.protocol.map`, e.g. `PLAINTEXT:PLAINTEXT`. */
  readonly securityProtocolMap: readonly string[];
  /** Listeners only for the KRaft quorum; Millrace has none and leaves them out. */
  readonly controllerListenerNames: readonly string[];
  /** What a listener that binds every interface advertises when nothing else is said (the machine's host name). */
  readonly hostname: string;
}

/** Said to the operator at start; the text names the setting and the remedy. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}

/**
 * Resolves `listeners` and `advertised.listeners` as Kafka does: names are unique and upper case, each name maps to a security
 * protocol, an advertised address must name a listener and must not be a wildcard.
 *
 * @throws EndpointError
 */
export function resolveEndpoints(settings: EndpointSettings): Endpoint[] {
  const protocols = new Map(settings.securityProtocolMap.map((entry) => splitOnce(entry, ':')));
  const controllers = new Set(settings.controllerListenerNames.map((name) => name.toUpperCase()));
  const advertised = new Map<string, { host: string; port: number }>();
  for (const text of settings.advertisedListeners) {
    const parsed = parseListener(text, 'advertised.listeners');
    if (parsed.host === '0.0.0.0' || parsed.host === '::')
      throw new EndpointError(
        `advertised.listeners: ${text} is a wildcard that no client can connect to; name the host or address clients use`,
      );
    advertised.set(parsed.name, parsed);
  }
  const endpoints: Endpoint[] = [];
  const names = new Set<string>();
  for (const text of settings.listeners) {
    const { name, host, port } = parseListener(text, 'listeners');
    if (names.has(name))
      throw new EndpointError(`listeners: the name ${name} is used twice; each listener needs its own`);
    names.add(name);
    if (controllers.has(name)) continue;
    const protocol = protocols.get(name) ?? name;
    if (protocol !== 'PLAINTEXT')
      throw new EndpointError(
        `listeners: ${text} needs security protocol ${protocol}, which this version does not offer; use PLAINTEXT`,
      );
    const shown = advertised.get(name);
    const wildcard = host === '' || host === '0.0.0.0' || host === '::';
    endpoints.push({
      name,
      host,
      port,
      advertisedHost: shown?.host ?? (wildcard ? settings.hostname : host),
      advertisedPort: shown?.port ?? port,
    });
  }
  for (const name of advertised.keys())
    if (!names.has(name))
      throw new EndpointError(`advertised.listeners: ${name} is not among the listeners; add it there`);
  if (endpoints.length === 0) throw new EndpointError('listeners: at least one listener for clients is needed');
  return endpoints;
}

function parseListener(text: string, setting: string): { name: string; host: string; port: number } {
  const match = /^([A-Za-z0-9_-]+):\/\/(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new EndpointError(`${setting}: "${text}" is not NAME://host:port with a port from 0 to 65535`);
  const [, name = '', host = ''] = match;
  return { name: name.toUpperCase(), host: host.replace(/^\[|\]$/g, ''), port };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0
    ? [text.trim().toUpperCase(), '']
    : [
        text.slice(0, at).trim().toUpperCase(),
        text
          .slice(at + 1)
          .trim()
          .toUpperCase(),
      ];
}
