import { runQuietly } from './child.ts';

/** What `npm audit --json` prints, as far as it counts here. */
interface AuditReport {
  metadata?: { vulnerabilities: Record<'high' | 'critical', number> };
  vulnerabilities?: Record<string, { severity: string; range: string }>;
}

export type AuditVerdict = { outcome: 'ok' | 'not known' | 'FAILED'; output: string };

/** Severities that nobody may ship. */
const SEVERE = ['high', 'critical'];

/**
 * What a report says of the dependencies. Registries that serve no audits, and machines that reach none, answer otherwise: then
 * nothing is known, which is no failure of the project.
 */
export function auditVerdict(json: string): AuditVerdict {
  let report: AuditReport;
  try {
    report = JSON.parse(json) as AuditReport;
  } catch {
    return { outcome: 'not known', output: '' };
  }
  if (!report.metadata) return { outcome: 'not known', output: '' };
  const { high, critical } = report.metadata.vulnerabilities;
  if (high + critical === 0) return { outcome: 'ok', output: '' };
  const severe = Object.entries(report.vulnerabilities ?? {}).filter(([, { severity }]) => SEVERE.includes(severity));
  const lines = severe.map(([name, { severity, range }]) => `${name} ${range}: ${severity}`);
  return { outcome: 'FAILED', output: [...lines, 'See `npm audit`.'].join('\n') };
}

/** Asks the registry what is known of the dependencies of the lockfile. */
export async function audit(): Promise<AuditVerdict> {
  // A registry that does not answer must not hold the checks up.
  const { output } = await runQuietly([
    'timeout',
    '20',
    'npm',
    'audit',
    '--json',
    '--fetch-retries=0',
    '--loglevel=silent',
  ]);
  return auditVerdict(output);
}
