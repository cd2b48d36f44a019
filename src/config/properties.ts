/**
 * Reads a Java `.properties` text: `key=value`, `key: value` or `key value`, `#` and `!` comments, `\` at the end of a line goes
 * on in the next one, `\t \n \r \f \uXXXX` and `\` before any other character. The last of equal keys wins.
 */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const end = keyEnd(line);
    const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(end))?.[0] ?? '';
    properties.set(unescapeText(line.slice(0, end)), unescapeText(line.slice(end + separator.length)));
  }
  return properties;
}

/** Natural lines put together, without blanks in front, comments and empty lines. */
function* logicalLines(text: string): Generator<string> {
  let pending = '';
  let continued = false;
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '');
    if (!continued && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    // An odd number of backslashes at the end: the last one is not itself escaped.
    const backslashes = /\\*$/.exec(line)?.[0].length ?? 0;
    continued = backslashes % 2 === 1;
    pending += continued ? line.slice(0, -1) : line;
    if (continued) continue;
    yield pending;
    pending = '';
  }
  if (pending !== '') yield pending;
}

function keyEnd(line: string): number {
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '\\') at += 1;
    else if ('=: \t\f'.includes(character)) return at;
  }
  return line.length;
}

const CONTROL: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
]);

function unescapeText(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_whole, hex: string | undefined, character: string) =>
    hex === undefined ? (CONTROL.get(character) ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
