import { type HttpClient, HttpError, type HttpSender } from '../common/ports/index.js';

/** GET with the platform's `fetch`. */
export const nodeHttpClient: HttpClient = {
  async get(url, { timeoutMs }) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
      const contentType = response.headers.get('content-type') ?? '';
      return { status: response.status, contentType, body: await response.text() };
    } catch (error) {
      throw new HttpError(url, reasonOf(error), { cause: error });
    }
  },
};

/** POST, redirects included. */
export const nodeHttpSender: HttpSender = {
  async post(url, { contentType, body }, { timeoutMs }) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: new Uint8Array(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      throw new HttpError(url, reasonOf(error), { cause: error });
    }
  },
};

/** `fetch` hides the system's error in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.name === 'TimeoutError' ? 'no answer in time' : error.message;
}
