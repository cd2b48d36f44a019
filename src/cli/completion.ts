import type { Command } from 'commander';
import { unreachable } from '../common/assert.js';

/** What can stand after a command: subcommands, options, and the values of options and arguments that have a fixed choice. */
export interface CompletionNode {
  /** Words from the program's name on, e.g. `millrace topics create`. */
  readonly path: readonly string[];
  readonly commands: ReadonlyArray<{ readonly name: string; readonly description: string }>;
  readonly options: ReadonlyArray<{
    readonly flags: readonly string[];
    readonly description: string;
    readonly takesValue: boolean;
    readonly choices: readonly string[];
  }>;
  readonly argumentChoices: readonly string[];
}

/** The commands of a program as completion needs them, parents first. Options of the program hold everywhere. */
export function completionNodes(program: Command): readonly CompletionNode[] {
  const nodes: CompletionNode[] = [];
  const visit = (command: Command, path: readonly string[], inherited: CompletionNode['options']): void => {
    const own = command.options.map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    }));
    const options = [...own, ...inherited];
    nodes.push({
      path,
      commands: command.commands.map((sub) => ({ name: sub.name(), description: sub.description() })),
      options: [...options, { flags: ['-h', '--help'], description: 'show help', takesValue: false, choices: [] }],
      argumentChoices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    });
    for (const sub of command.commands) visit(sub, [...path, sub.name()], options);
  };
  visit(program, [program.name()], []);
  return nodes;
}

export type Shell = 'bash' | 'zsh' | 'fish';

export function completionScript(shell: Shell, nodes: readonly CompletionNode[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(nodes);
    case 'zsh':
      // zsh runs bash completions through its own compatibility layer.
      return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(nodes)}`;
    case 'fish':
      return fishScript(nodes);
    default:
      return unreachable(shell);
  }
}

function wordsOf(node: CompletionNode): string {
  return [
    ...node.commands.map((command) => command.name),
    ...node.argumentChoices,
    ...node.options.flatMap((option) => option.flags),
  ].join(' ');
}

function bashScript(nodes: readonly CompletionNode[]): string {
  const cases = nodes.map((node) => `    '${node.path.join(' ')}') words='${wordsOf(node)}' ;;`);
  const choices = nodes.flatMap((node) =>
    node.options
      .filter((option) => option.choices.length > 0)
      .map(
        (option) =>
          `    ${option.flags.map((flag) => `'${node.path.join(' ')} ${flag}'`).join('|')}) words='${option.choices.join(' ')}' ;;`,
      ),
  );
  const valued = new Set(
    nodes.flatMap((node) => node.options.filter((one) => one.takesValue).flatMap((one) => one.flags)),
  );
  const parents = nodes.filter((node) => node.commands.length > 0);
  const known = parents.flatMap((node) =>
    node.commands.map((command) => `'${[...node.path, command.name].join(' ')}'`),
  );
  return `# Completion of millrace. For this shell: source <(millrace completion bash)
_millrace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path=millrace words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
    ${known.join('|')}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $previous" in
${choices.join('\n')}
  esac
  if [ -z "$words" ]; then
    case "$previous" in
    ${[...valued].join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    case "$path" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _millrace millrace
`;
}

function fishScript(nodes: readonly CompletionNode[]): string {
  const lines: string[] = [
    '# Completion of millrace. For this shell: millrace completion fish | source',
    'complete -c millrace -f',
  ];
  for (const node of nodes) {
    const words = node.path.slice(1);
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const subcommands = node.commands.map((command) => command.name).join(' ');
    const notYet = subcommands === '' ? [] : [`not __fish_seen_subcommand_from ${subcommands}`];
    const condition = words.length === 0 ? '__fish_use_subcommand' : [...seen, ...notYet].join('; and ');
    for (const { name, description } of node.commands)
      lines.push(`complete -c millrace -n '${condition}' -a ${name} -d ${quoted(description)}`);
    for (const choice of node.argumentChoices)
      lines.push(`complete -c millrace -n '${seen.join('; and ')}' -a ${choice}`);
    for (const option of words.length === 0 ? [] : node.options) {
      const flags = option.flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const value = option.choices.length > 0 ? ` -x -a '${option.choices.join(' ')}'` : option.takesValue ? ' -r' : '';
      lines.push(
        `complete -c millrace -n '${seen.join('; and ')}' ${flags.join(' ')}${value} -d ${quoted(option.description)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
