import { connect } from 'node:net';
import { ApiKey } from '../../../src/protocol/api_keys.js';
import { WireClient } from '../../support/wire_client.js';
import { Normalizer } from './normalize.js';
import type { Body, RawStep, RequestStep, Step } from './step.js';

/** By step: what the broker answered, without what cannot be the same twice. */
export type Transcript = Readonly<Record<string, unknown>>;

const quietMs = 400;
const patienceMs = 10_000;
const silenceMs = 4_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Plays the session to the broker at 127.0.0.1:`port`. `settleMs` passes between two steps: Kafka applies metadata in the
 * background.
 */
export async function play(port: number, steps: readonly Step[], settleMs = 0): Promise<Transcript> {
  const answers = new Map<string, unknown>();
  const transcript: Record<string, unknown> = {};
  const normalizer = new Normalizer();
  let client = await WireClient.connect(port);
  for (const step of steps) {
    if (step.name in transcript) throw new Error(`two steps are called ${step.name}`);
    if ('raw' in step) {
      transcript[step.name] = normalizer.rawFrames(await exchange(port, step));
      continue;
    }
    const answer = await ask(client, step, answers);
    if (answer === 'closed' || answer === 'silence') {
      client.close();
      client = await WireClient.connect(port);
    } else answers.set(step.name, answer);
    transcript[step.name] = normalizer.answer(answer);
    if (settleMs > 0) await pause(settleMs);
  }
  client.close();
  return transcript;
}

async function ask(client: WireClient, step: RequestStep, answers: ReadonlyMap<string, unknown>): Promise<unknown> {
  const body = typeof step.body === 'function' ? step.body(answers) : step.body;
  if (step.silent === true) {
    client.send(ApiKey[step.api], step.version, body).catch(() => undefined);
    return 'nothing';
  }
  for (let left = patienceMs; ; left -= quietMs) {
    try {
      const answer = await within(client.send<Body>(ApiKey[step.api], step.version, body));
      if (answer === 'silence') return answer;
      if (step.until === undefined || step.until(answer) || left <= 0) return answer;
      await pause(quietMs);
    } catch (error) {
      if (error instanceof Error && error.message === 'connection closed') return 'closed';
      throw error;
    }
  }
}

/** The broker's own port, where it stands in an answer, as zeroes. */
function withoutPort(bytes: Buffer, port: number): Buffer {
  const encoded = Buffer.alloc(4);
  encoded.writeInt32BE(port);
  const at = bytes.indexOf(encoded);
  if (at >= 0) bytes.fill(0, at, at + 4);
  return bytes;
}

/** `silence` when nothing comes: there are requests that Kafka never answers. */
async function within(answer: Promise<Body>): Promise<Body | 'silence'> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(() => resolve('silence'), silenceMs);
  });
  answer.catch(() => undefined);
  return Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}

/** Sends bytes and takes what comes until the broker closes or is quiet; says which. */
function exchange(port: number, { raw }: RawStep): Promise<{ readonly bytes: Buffer; readonly closed: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(raw));
    const done = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ bytes: withoutPort(Buffer.concat(chunks), port), closed });
    };
    const timer = setTimeout(() => done(false), quietMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => done(true));
    socket.on('error', (error: Error & { readonly code?: string }) =>
      error.code === 'ECONNRESET' ? done(true) : reject(error),
    );
  });
}
