import { Injectable } from '@nestjs/common';
import { statementSource } from './statement-source.js';

type Method = (...args: unknown[]) => unknown;

/**
 * A provider that speaks SQL: `@Injectable()`, and every statement is counted under the name of the method that sent it.
 *
 * A method that calls another one of its class stays the source, so that what a service asked for is what is counted.
 */
export function Repository(): ClassDecorator {
  return (target) => {
    Injectable()(target);
    const { prototype, name: className } = target as unknown as { prototype: object; name: string };
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof descriptor.value !== 'function') continue;
      const method = descriptor.value as Method;
      const source = `${className}.${name}`;
      const named = function (this: unknown, ...args: unknown[]): unknown {
        if (statementSource.getStore()?.startsWith(`${className}.`)) return method.apply(this, args);
        return statementSource.run(source, () => method.apply(this, args));
      };
      Object.defineProperty(prototype, name, { ...descriptor, value: named });
    }
  };
}
