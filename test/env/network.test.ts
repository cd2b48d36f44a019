import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DialError, ListenError } from '../../src/common/ports/index.js';
import { nodeDialer, nodeHttpServers } from '../../src/env/index.js';

const open: Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer(onSocket);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const to = (port: number) => ({ host: '127.0.0.1', port, timeoutMs: 10_000 });

describe('nodeDialer', () => {
  it('carries bytes both ways and ends in order', async () => {
    const port = await listening((socket) => socket.pipe(socket));
    const connection = await nodeDialer.connect(to(port));
    const received: Buffer[] = [];
    const closed = new Promise<Error | undefined>((resolve) => connection.onClose(resolve));
    const whole = new Promise<void>((resolve) => {
      connection.onData((chunk) => {
        received.push(Buffer.from(chunk));
        if (Buffer.concat(received).length === 200_003) resolve();
      });
    });
    const body = Buffer.alloc(200_000, 'b');
    connection.write(Buffer.from('abc'));
    connection.write(body);
    await whole;
    expect(Buffer.concat(received).equals(Buffer.concat([Buffer.from('abc'), body]))).toBe(true);
    connection.close();
    expect(await closed).toBeUndefined();
    connection.write(Buffer.from('too late'));
    connection.close();
  });

  it('sends what was written before close', async () => {
    const got = new Promise<number>((resolve) => {
      void listening((socket) => {
        let sizeBytes = 0;
        socket.on('data', (chunk) => {
          sizeBytes += chunk.length;
        });
        socket.on('end', () => resolve(sizeBytes));
      }).then(async (port) => {
        const connection = await nodeDialer.connect(to(port));
        connection.write(Buffer.alloc(1_000_000));
        connection.close();
      });
    });
    expect(await got).toBe(1_000_000);
  });

  it('tells of a reset, once', async () => {
    const port = await listening((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.resetAndDestroy());
    });
    const connection = await nodeDialer.connect(to(port));
    const errors: (Error | undefined)[] = [];
    const closed = new Promise<void>((resolve) => {
      connection.onClose((error) => {
        errors.push(error);
        resolve();
      });
    });
    connection.onData(() => undefined);
    connection.write(Buffer.from('x'));
    await closed;
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('says why there is no connection', async () => {
    const port = await listening(() => undefined);
    await new Promise((resolve) => open.pop()?.close(resolve));
    const refused = await nodeDialer.connect(to(port)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DialError);
    expect(refused).toMatchObject({ host: '127.0.0.1', port, code: 'ECONNREFUSED' });
    const unknown = await nodeDialer
      .connect({ host: 'no-such-host.invalid', port: 1, timeoutMs: 10_000 })
      .catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(DialError);
    expect(unknown).toHaveProperty('code', expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN|ETIMEDOUT)$/));
  });
});

describe('nodeHttpServers', () => {
  const respond = (path: string): Promise<{ status: number; contentType: string; body: string }> =>
    path === '/broken'
      ? Promise.reject(new Error('no answer'))
      : Promise.resolve({ status: 200, contentType: 'text/plain', body: `you asked ${path} ä` });

  it('answers GET and HEAD, hides the query, and survives an answer that fails', async () => {
    const server = await nodeHttpServers.serve({ host: '127.0.0.1', port: 0 }, respond);
    const base = `http://127.0.0.1:${server.port}`;
    expect(await (await fetch(`${base}/metrics?x=1`)).text()).toBe('you asked /metrics ä');
    const head = await fetch(`${base}/metrics`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(`${base}/x`, { method: 'POST', body: 'x' })).status).toBe(405);
    const broken = await fetch(`${base}/broken`);
    expect([broken.status, await broken.text()]).toEqual([500, 'no answer\n']);
    await server.close();
    await expect(fetch(base)).rejects.toThrow();
  });

  it('says that a port is busy', async () => {
    const first = await nodeHttpServers.serve({ host: '127.0.0.1', port: 0 }, respond);
    const second = nodeHttpServers.serve({ host: '127.0.0.1', port: first.port }, respond);
    await expect(second).rejects.toBeInstanceOf(ListenError);
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE', port: first.port });
    await first.close();
  });
});
