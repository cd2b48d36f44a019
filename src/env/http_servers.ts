import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type HttpAnswer, type HttpServers, ListenError } from '../common/ports/index.js';

/** Answers GET and HEAD with `respond(path)`; the query part of the address is not handed on. */
export const nodeHttpServers: HttpServers = {
  async serve({ host, port }, respond) {
    const server = createServer((request, response) => {
      void answer(request, response, respond);
    });
    const boundPort = await listen(server, host, port);
    return { port: boundPort, close: () => close(server) };
  },
};

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ListenError(host, port, error.code ?? 'UNKNOWN', { cause: error })),
    );
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  respond: (path: string) => Promise<HttpAnswer>,
): Promise<void> {
  const { status, contentType, body } = await answerTo(request, respond);
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(request: IncomingMessage, respond: (path: string) => Promise<HttpAnswer>): Promise<HttpAnswer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, contentType: 'text/plain', body: 'GET or HEAD only\n' };
  try {
    return await respond((request.url ?? '/').replace(/[?#].*$/s, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 500, contentType: 'text/plain', body: `${reason}\n` };
  }
}
