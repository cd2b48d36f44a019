/** `String.hashCode()` of Java: which partition a group or transactional id belongs to depends on it. A signed 32-bit number. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
