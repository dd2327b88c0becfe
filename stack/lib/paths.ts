import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** The checkout. Real paths throughout, because the kernel reports those of running processes. */
export const root = realpathSync(join(import.meta.dirname, '../..'));

/** Everything that the stack makes. */
export const stackDirectory = join(root, '.stack');

const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

/** The programs and the templates, shared by the instances; and by checkouts, when one has a link to that of another. */
export const nativeDirectory = realPath(join(stackDirectory, 'native'));

export type InstanceName = 'development' | 'test';

/** The data, logs and configuration of one instance. */
export const instanceDirectory = (name: InstanceName): string => join(stackDirectory, name);
