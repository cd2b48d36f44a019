import ts from 'typescript';

/** A file of the tree; `path` is relative to the top, with slashes. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  /** Path of a file under src, or the name of a package. */
  readonly to: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** Folders of src from the first layer to the last: an importer may import only what stands before it. */
export const LAYERS: readonly string[] = [
  'common',
  'protocol',
  'records',
  'config',
  'telemetry',
  'env',
  'storage',
  'network',
  'metadata',
  'offline',
  'security',
  'quota',
  'controller',
  'replication',
  'coordinator',
  'server',
  'client',
  'streams',
  'cli',
];

/** Layers that import less than what stands before them. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  protocol: ['common'],
  records: ['common', 'protocol'],
  config: ['common'],
  telemetry: ['common'],
};
const NOT: Readonly<Record<string, readonly string[]>> = {
  replication: ['controller'],
  coordinator: ['controller', 'replication'],
  client: ['server'],
  streams: ['server'],
};
/** The one place of the command line that may start a broker. */
const MAY_IMPORT_SERVER = /^src\/cli\/commands\/(broker\/start|start)\.ts$/;

export function parse({ path, text }: SourceText): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
}

/** `import`, `export from`, `import()`, `require()` and `import('x')` types with a literal address. */
export function importsOf(file: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    found.push({
      from: file.fileName,
      to: resolve(file.fileName, specifier.text),
      line: lineOf(file, specifier),
      typeOnly,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && isLoader(node.expression)) add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isLoader(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const { namedBindings } = clause;
  return (
    clause.name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const parts = from.split('/').slice(0, -1);
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

/** Imports against the table of layers. */
export function wrongDirections(imports: readonly Import[]): string[] {
  const layerOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
  return imports.flatMap(({ from, to, line }) => {
    const importer = layerOf(from);
    const imported = layerOf(to);
    if (importer === undefined || imported === undefined || importer === imported) return [];
    return mayImport(from, importer, imported)
      ? []
      : [`${from}:${line} imports ${to}: ${importer} must not know ${imported}`];
  });
}

function mayImport(from: string, importer: string, imported: string): boolean {
  const row = LAYERS.indexOf(importer);
  const importedRow = LAYERS.indexOf(imported);
  if (row < 0 || importedRow < 0 || importedRow >= row) return false;
  if (importer === 'cli' && imported === 'server') return MAY_IMPORT_SERVER.test(from);
  const only = ONLY[importer];
  return only === undefined ? NOT[importer]?.includes(imported) !== true : only.includes(imported);
}

/** Addresses that no file has. */
export function missingFiles(imports: readonly Import[], files: ReadonlySet<string>): string[] {
  return imports
    .filter(({ to }) => to.startsWith('src/') && !files.has(to) && !to.endsWith('.json'))
    .map(({ from, to, line }) => `${from}:${line} imports ${to}, which does not exist`);
}

/** Groups of files that import each other in a circle, types included; each group once. */
export function importCycles(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) if (to.startsWith('src/')) edges.set(from, [...(edges.get(from) ?? []), to]);
  return components(edges)
    .filter((group) => group.length > 1)
    .map((group) => `cycle: ${[...group].sort().join(' ↔ ')}`);
}

/** Tarjan's strongly connected components. */
function components(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const groups: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.size - 1);
    stack.push(node);
    onStack.add(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (onStack.has(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== order.get(node)) return;
    const group: string[] = [];
    for (let member: string | undefined; member !== node; ) {
      member = stack.pop() ?? node;
      onStack.delete(member);
      group.push(member);
    }
    groups.push(group);
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return groups;
}

/** Files that no entry leads to. */
export function unreachableFiles(
  files: ReadonlySet<string>,
  imports: readonly Import[],
  entries: readonly string[],
): string[] {
  const reached = new Set<string>(entries);
  const queue = [...entries];
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (const { from, to } of imports)
      if (from === at && files.has(to) && !reached.has(to)) {
        reached.add(to);
        queue.push(to);
      }
  return [...files].filter((file) => !reached.has(file)).map((file) => `${file} is reached from no entry`);
}

export function tooLong({ path, text }: SourceText, maxLines: number): string[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  return lines <= maxLines ? [] : [`${path} has ${lines} lines, more than ${maxLines}`];
}

/** What only src/env may touch: time, chance, files, sockets, processes, the terminal. */
const FORBIDDEN_GLOBALS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'console']);
const FORBIDDEN_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
  'process.stdout',
  'process.stderr',
  'process.stdin',
  'process.exit',
  'process.on',
  'process.once',
  'crypto.randomUUID',
  'crypto.getRandomValues',
]);
const FORBIDDEN_MODULES =
  /^(node:)?(fs|fs\/promises|net|tls|http|https|http2|dgram|dns|dns\/promises|child_process|cluster|worker_threads|timers|timers\/promises|readline|readline\/promises|repl|perf_hooks)$/;

export function forbiddenCalls(file: ts.SourceFile): string[] {
  const found: string[] = [];
  const report = (node: ts.Node, what: string): void => {
    found.push(`${file.fileName}:${lineOf(file, node)} uses ${what}: take it as a port from src/common/ports`);
  };
  for (const { to, line, typeOnly } of importsOf(file))
    if (!typeOnly && FORBIDDEN_MODULES.test(to)) found.push(`${file.fileName}:${line} imports ${to}: only src/env may`);
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      const chain = node.getText(file).replace(/^globalThis\./, '');
      // Only the command line may end the process.
      const mayExit = chain === 'process.exit' && file.fileName.startsWith('src/cli/');
      if (FORBIDDEN_MEMBERS.has(chain) && !mayExit) report(node, chain);
      else if (chain !== node.getText(file) && FORBIDDEN_GLOBALS.has(chain)) report(node, chain);
    } else if (
      ts.isNewExpression(node) &&
      node.expression.getText(file) === 'Date' &&
      (node.arguments?.length ?? 0) === 0
    )
      report(node, 'new Date()');
    else if (ts.isIdentifier(node) && FORBIDDEN_GLOBALS.has(node.text) && isReference(node)) report(node, node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** False for the name of a property, method or parameter that only happens to be called so. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !(
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isParameter(parent) ||
    ts.isQualifiedName(parent) ||
    ts.isTypeReferenceNode(parent)
  );
}

/** Ways around the type checker. */
export function typeEscapes(file: ts.SourceFile): string[] {
  const found: string[] = [];
  const report = (node: ts.Node, what: string): void => {
    found.push(`${file.fileName}:${lineOf(file, node)} ${what}`);
  };
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) report(node, '`any`');
    if (ts.isNonNullExpression(node)) report(node, '`!` where a check belongs');
    if (isCast(node) && isCast(node.expression) && node.expression.type.kind === ts.SyntaxKind.UnknownKeyword)
      report(node, '`as unknown as`');
    ts.forEachChild(node, visit);
  };
  visit(file);
  file.text.split('\n').forEach((line, at) => {
    if (/@ts-(ignore|expect-error|nocheck)/.test(line))
      found.push(`${file.fileName}:${at + 1} silences the type checker`);
  });
  return found;
}

function isCast(node: ts.Node): node is ts.AsExpression {
  return ts.isAsExpression(node);
}

export function defaultExports(file: ts.SourceFile): string[] {
  return file.statements
    .filter(
      (statement) =>
        ts.isExportAssignment(statement) ||
        (ts.canHaveModifiers(statement) &&
          ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true),
    )
    .map((statement) => `${file.fileName}:${lineOf(file, statement)} has a default export`);
}

/** Notes to do something later. */
export function unfinished({ path, text }: SourceText): string[] {
  return text.split('\n').flatMap((line, at) => {
    const [mark] = /\b(TODO|FIXME|XXX|HACK)\b/.exec(line) ?? [];
    return mark === undefined ? [] : [`${path}:${at + 1} says ${mark}`];
  });
}

/** Headers that nothing includes. Every .cc under native is compiled: binding.gyp lists the folder. */
export function unusedHeaders(files: readonly SourceText[]): string[] {
  const includes = new Set(
    files.flatMap(({ text }) => [...text.matchAll(/#include\s+"([^"]+)"/g)].map(([, name]) => name?.split('/').pop())),
  );
  return files
    .filter(({ path }) => /\.(h|hpp)$/.test(path) && !includes.has(path.split('/').pop()))
    .map(({ path }) => `${path} is included by nothing`);
}

function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}
