import { basename } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { AppError } from '../../common/app-error.js';
import type { AppConfig } from '../../config/app-config.js';
import { databaseDown, reachPrimary } from '../primary-at-hand.js';
import { GraphFile } from './graph-file.js';
import { GraphLoader } from './graph-loader.js';
import { LoadError } from './load-error.js';
import { LoadGraphModule } from './load-graph.module.js';
import type { LoadOptions } from './load-options.js';
import { LoadProgress } from './load-progress.js';
import { LoadReport, summaryOf, withCommas } from './load-report.js';

/** The contract's limits of a password; another one could not be used to log in. */
const PASSWORD_LENGTH = { min: 8, max: 128 };

/**
 * Loads a graph and tells about it.
 *
 * @returns whether it came to the end; not when `signal` stopped it
 * @throws LoadError
 */
export async function loadGraph(options: LoadOptions, config: AppConfig, signal: AbortSignal): Promise<boolean> {
  const passwordLength = Array.from(config.load.password).length;
  if (passwordLength < PASSWORD_LENGTH.min || passwordLength > PASSWORD_LENGTH.max) {
    throw new LoadError(`LOAD_PASSWORD must have ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters`);
  }
  const file = await GraphFile.open(options.graph);
  const root = LoadGraphModule.forRoot(config);
  // Without warnings: that Redis cannot be reached does not concern a load.
  const app = await NestFactory.createApplicationContext(root, { logger: ['error'], abortOnError: false });
  try {
    const problem = await reachPrimary(app, config);
    if (problem !== undefined) throw new LoadError(problem);
    return await run(app.get(GraphLoader), file, options, signal, config);
  } finally {
    await file.close();
    await app.close();
  }
}

async function run(
  loader: GraphLoader,
  file: GraphFile,
  { graph, strict }: LoadOptions,
  signal: AbortSignal,
  config: AppConfig,
): Promise<boolean> {
  const report = new LoadReport();
  const progress = new LoadProgress(process.stdout, process.stderr, file.sizeBytes);
  try {
    await loader.load({
      chunks: file.chunks(),
      report,
      strict,
      signal,
      onBadLine: (...line) => progress.badLine(...line),
      onProgress: () => progress.update(file.readBytes, report.followsRead),
    });
  } catch (error) {
    throw new LoadError(`${reasonOf(error, config)} ${whatStays(report)}`, { cause: error });
  } finally {
    progress.stop();
  }
  if (report.isComplete && report.followsRead === 0) throw new LoadError(`${graph}: holds no follow; is it a graph?`);
  process.stdout.write(`${summaryOf(report, basename(graph), progress.seconds)}\n`);
  if (!report.isComplete) process.stderr.write(`stopped. ${whatStays(report)}\n`);
  return report.isComplete;
}

function reasonOf(error: unknown, config: AppConfig): string {
  if (error instanceof AppError && error.code === 'DATABASE_UNAVAILABLE') return databaseDown(config);
  const message = error instanceof Error ? error.message : String(error);
  return message.endsWith('.') ? message : `${message}.`;
}

/** A load can always be run again; this tells the person so. */
function whatStays({ followsRead, line }: LoadReport): string {
  if (followsRead === 0) return 'Nothing was loaded.';
  return `The ${withCommas(followsRead)} follows up to line ${withCommas(line)} stay; the same command goes on from there.`;
}
