import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AnyMessage, Message } from '../../src/protocol/message.js';

/** Every message of the protocol by name: the tests look at the schema files themselves, so none can be forgotten. */
export async function allMessages(): Promise<Map<string, AnyMessage>> {
  const found = new Map<string, AnyMessage>();
  for (const folder of ['api', 'data', 'records']) {
    const base = new URL(`../../src/protocol/${folder}/`, import.meta.url);
    for (const file of readdirSync(fileURLToPath(base))) {
      const module = (await import(new URL(file, base).href)) as Record<string, unknown>;
      for (const [name, value] of Object.entries(module)) if (value instanceof Message) found.set(name, value);
    }
  }
  return found;
}
