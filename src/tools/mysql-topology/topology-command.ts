import type { AppConfig } from '../../config/app-config.js';
import { Promotion } from './promotion.js';
import { Rejoin } from './rejoin.js';
import { Servers } from './servers.js';
import { reportStatus } from './status-report.js';
import type { TopologyOptions } from './topology-options.js';

/**
 * Carries out a command and prints what it does, a line each.
 *
 * @param signal aborted to give up, as long as that leaves nothing half done
 * @returns whether all is well
 * @throws TopologyError
 */
export async function runTopologyCommand(
  options: TopologyOptions,
  config: AppConfig['mysql'],
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const servers = await Servers.connect(config);
  try {
    if (options.command === 'promote') await new Promotion(servers, print, signal).run(options);
    if (options.command === 'rejoin') await new Rejoin(servers, print).run(options);
    if (options.command !== 'status') return true;
    const { lines, isHealthy } = reportStatus(await servers.states(), servers.configured);
    for (const line of lines) print(line);
    return isHealthy;
  } finally {
    servers.close();
  }
}
