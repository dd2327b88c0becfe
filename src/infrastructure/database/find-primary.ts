import type { AppConfig } from '../../config/app-config.js';
import type { Address } from '../../config/setting-types.js';
import { choosePrimary } from './primary-choice.js';
import { ServerProbe, type ServerReport } from './server-probe.js';

/**
 * Asks the servers once which of them is the primary, for commands that run and end.
 *
 * @throws Error when the primary is away
 */
export async function findPrimary(config: AppConfig): Promise<Address> {
  const { primary, replicas } = config.mysql;
  const reports = new Map<Address, ServerReport>();
  let failure: string | undefined;
  for (const address of [primary, ...replicas]) {
    const probe = new ServerProbe(address, config);
    const report = await probe.ask();
    probe.close();
    if (report) reports.set(address, report);
    else failure ??= probe.failure;
  }
  const { primary: found } = choosePrimary(reports, primary);
  if (!found) throw new Error(`no primary of MySQL answers${failure === undefined ? '' : ` (${failure})`}`);
  return found;
}
