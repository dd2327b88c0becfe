import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { requestContext } from '../../src/infrastructure/context/request-context.js';
import { TransactionHost } from '../../src/infrastructure/database/transaction-host.js';
import type { TransactionOptions } from '../../src/infrastructure/database/transaction-scope.js';

/**
 * `@@server_uuid` of the server that a read of an application is sent to.
 *
 * @param userId whose request it would be; nobody's when it is left out
 */
export async function servedBy(
  app: NestFastifyApplication,
  userId?: string,
  options: Omit<TransactionOptions, 'readOnly'> = {},
): Promise<string> {
  const host = app.get(TransactionHost, { strict: false });
  const read = () => host.run({ readOnly: true, ...options }, () => serverIn(host));
  return userId === undefined ? read() : requestContext.run({ requestId: 'of a test', userId }, read);
}

/** `@@server_uuid` of the server of the open transaction. */
export async function serverIn(host: TransactionHost): Promise<string> {
  const [row]: { uuid: string }[] = await host.manager.query('SELECT @@server_uuid AS uuid');
  return row!.uuid;
}
