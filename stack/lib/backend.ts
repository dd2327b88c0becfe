import { ComposeBackend } from './compose.ts';
import type { InstanceName } from './paths.ts';
import { NativeBackend } from './native.ts';
import { resolveMode } from './mode.ts';
import type { Ports } from './ports.ts';
import type { ServiceStatus } from './status.ts';

/** What a failure test may do to a service. `pause` leaves it neither answering nor refusing. */
export type Action = 'kill' | 'stop' | 'start' | 'pause' | 'resume';

/** One way to run an instance's services. */
export interface Backend {
  readonly name: InstanceName;
  readonly directory: string;
  readonly ports: Ports;
  /** Brings every service up, or leaves it as it is; resolves when all serve. */
  up(): Promise<void>;
  stop(): Promise<void>;
  /** Deletes the data of an instance that was stopped. */
  deleteData(): Promise<void>;
  status(): Promise<ServiceStatus[]>;
  /** Resolves when the service has ended, or serves again. */
  act(service: string, action: Action): Promise<void>;
}

/** The services of an instance, run as STACK and the machine say. */
export async function createBackend(name: InstanceName, ports: Ports): Promise<Backend> {
  return (await resolveMode()) === 'docker' ? new ComposeBackend(name, ports) : new NativeBackend(name, ports);
}
