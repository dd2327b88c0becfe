import { Inject } from '@nestjs/common';
import { TransactionHost } from './transaction-host.js';
import { TransactionUsageError, type TransactionOptions } from './transaction-scope.js';

/** Property of every class with a transactional method; Nest fills it, because the decorator declares the injection. */
const HOST = Symbol('transactionHost');

type AsyncMethod = (...args: never[]) => Promise<unknown>;

/**
 * Runs a method of a provider in a transaction: on the primary, or with `{ readOnly: true }` on a replica.
 *
 * A thin shell over {@link TransactionHost}; nested calls join, see there. The class must be a provider of the container.
 */
export function Transactional(options: TransactionOptions = {}) {
  return <M extends AsyncMethod>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M> => {
    const method = descriptor.value!;
    if (!Object.hasOwn(target, HOST)) {
      Object.defineProperty(target, HOST, { value: undefined, writable: true });
      Inject(TransactionHost)(target, HOST);
    }
    descriptor.value = function (this: Record<symbol, TransactionHost | undefined>, ...args: Parameters<M>) {
      const host = this[HOST];
      if (!host) throw new TransactionUsageError(`${String(name)} is @Transactional() but its class is not a provider`);
      return host.run(options, () => method.apply(this, args));
    } as unknown as M;
    return descriptor;
  };
}
