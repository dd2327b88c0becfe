import type { Instance } from './instance.ts';
import { residentBytes } from './proc.ts';
import { messageOf } from './stack-error.ts';

export interface ServiceStatus {
  service: string;
  ports: string;
  pid: string;
  rssMegabytes: number;
  state: string;
  isUp: boolean;
}

/** Looks at every service without changing anything. */
export function statusOf(instance: Instance): Promise<ServiceStatus[]> {
  return Promise.all(
    instance.services.map(async (service) => {
      const { pids } = service;
      const problem = pids.length === 0 ? 'down' : await service.definition.check().then(() => undefined, messageOf);
      return {
        service: service.name,
        ports: service.definition.ports.join(', '),
        pid: pids.join(', '),
        rssMegabytes: pids.reduce((sum, pid) => sum + residentBytes(pid), 0) / 1024 ** 2,
        state: problem ?? 'up',
        isUp: problem === undefined,
      };
    }),
  );
}

/** The table that `npm run stack -- status` prints. */
export function formatStatus(statuses: readonly ServiceStatus[]): string {
  const total = statuses.reduce((sum, status) => sum + status.rssMegabytes, 0);
  const rows = [
    ['service', 'port', 'pid', 'MB', 'state'],
    ...statuses.map((s) => [s.service, s.ports, s.pid, s.rssMegabytes.toFixed(0), s.state]),
    ['all', '', '', total.toFixed(0), ''],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
