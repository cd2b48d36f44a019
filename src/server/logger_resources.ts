import { CONFIG_SOURCE, type ConfigDescription, type ConfigOp } from '../config/index.js';
import { type ControllerError, failure } from '../controller/assignments.js';
import { ErrorCode } from '../protocol/errors.js';
import { LOG_LEVELS, type LogLevel } from '../telemetry/logger.js';
import { type LoggerLevels, rootLogger } from '../telemetry/logger_levels.js';

/** Changes levels of this broker's loggers, all or none; not kept over a restart. */
export function changeLoggers(
  { nodeId, loggers }: { readonly nodeId: number; readonly loggers: LoggerLevels },
  name: string,
  ops: readonly ConfigOp[],
  validateOnly: boolean,
): ControllerError {
  if (!/^-?\d+$/.test(name))
    return failure(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`);
  if (Number(name) !== nodeId)
    return failure(ErrorCode.INVALID_REQUEST, `Unexpected node id. Expected ${nodeId}, but received ${name}`);
  const refused = wrongOps(loggers, ops);
  if (refused !== undefined) return refused;
  if (!validateOnly)
    for (const { name: logger, operation, value } of ops)
      loggers.set(logger, operation === 'DELETE' ? undefined : levelNamed(value));
  return failure(ErrorCode.NONE);
}

function wrongOps(loggers: LoggerLevels, ops: readonly ConfigOp[]): ControllerError | undefined {
  if (new Set(ops.map(({ name }) => name)).size < ops.length)
    return failure(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys');
  const nulls = ops.filter(({ operation, value }) => operation !== 'DELETE' && value === null);
  if (nulls.length > 0)
    return failure(
      ErrorCode.INVALID_REQUEST,
      `Null value not supported for : ${nulls.map(({ name }) => name).join(', ')}`,
    );
  for (const { name, operation, value } of ops) {
    if (operation === 'APPEND' || operation === 'SUBTRACT')
      return failure(ErrorCode.INVALID_REQUEST, `${operation} operation is not allowed for the BROKER_LOGGER resource`);
    if (!loggers.names.includes(name)) return failure(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`);
    if (operation === 'DELETE' && name === rootLogger)
      return failure(ErrorCode.INVALID_REQUEST, 'Removing the log level of the root logger is not allowed');
    if (operation === 'SET' && levelNamed(value) === undefined)
      return failure(
        ErrorCode.INVALID_CONFIG,
        `Cannot set the log level of ${name} to ${value} as it is not a supported log level. Valid log levels are ${levelNames.join(', ')}`,
      );
  }
  return undefined;
}

const levelNames = LOG_LEVELS.map((level) => level.toUpperCase()).sort();

function levelNamed(value: string | null): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level.toUpperCase() === value);
}

const unknownType = 0;

/** The loggers of this broker, as DescribeConfigs shows them. */
export function describeLoggers(loggers: LoggerLevels, names: readonly string[] | null): ConfigDescription[] {
  return loggers.names
    .filter((name) => names === null || names.includes(name))
    .map((name) => ({
      name,
      value: loggers.levelOf(name).toUpperCase(),
      readOnly: false,
      source: 'DYNAMIC_BROKER_LOGGER_CONFIG',
      sourceCode: CONFIG_SOURCE.DYNAMIC_BROKER_LOGGER_CONFIG,
      isDefault: false,
      isSensitive: false,
      synonyms: [],
      typeCode: unknownType,
      documentation: '',
    }));
}
