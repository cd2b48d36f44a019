/** Lines of a byte stream, without their ends; at most `maxChars` each. @throws Error for a longer one */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  maxChars = 1 << 22,
): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of source) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > maxChars) throw new Error(`a line of more than ${maxChars} characters`);
  }
  if (rest !== '') yield rest;
}
