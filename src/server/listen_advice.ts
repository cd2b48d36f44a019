import type { ListenError } from '../common/ports/index.js';

/** What an operator can do about an address that cannot be listened on. */
export function listenAdvice(error: ListenError): string {
  const where = `${error.host === '' ? 'port' : error.host} ${error.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use by another process: stop it (\`ss -ltnp\` shows who it is), or choose another port in listeners`;
    case 'EACCES':
      return `${where} may not be used by this user: ports below 1024 need root, choose a higher one in listeners`;
    case 'EADDRNOTAVAIL':
      return `${where} is no address of this machine: correct the host in listeners, and name the address for clients in advertised.listeners`;
    default:
      return `${where} cannot be listened on (${error.code}): correct listeners`;
  }
}
