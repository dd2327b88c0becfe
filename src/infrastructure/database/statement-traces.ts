import type { QueryRunner } from 'typeorm';
import { activeSpan, traced } from '../tracing/span.js';
import { statementSource } from './statement-source.js';

/** Makes a span of every statement that a borrowed connection sends as a part of a trace. Values are left out: they are people's data. */
export function traceStatements(queryRunner: QueryRunner, node: { name: string }): void {
  if (!activeSpan.getStore()) return;
  const [host, port] = node.name.split(':');
  const query = queryRunner.query.bind(queryRunner) as (...args: unknown[]) => Promise<unknown>;
  const tracedQuery = (statement: string, ...rest: unknown[]): Promise<unknown> => {
    const operation = /^\s*(\w+)/.exec(statement)?.[1]?.toUpperCase();
    const attributes = {
      'db.system.name': 'mysql',
      'db.operation.name': operation,
      'db.query.text': statement,
      'server.address': host,
      'server.port': Number(port),
    };
    return traced(statementSource.getStore() ?? `mysql ${operation}`, attributes, () => query(statement, ...rest));
  };
  queryRunner.query = tracedQuery as QueryRunner['query'];
}
