import { bringUpMysql } from './bring-up-mysql.ts';
import { checkPort } from './check-port.ts';
import type { Instance } from './instance.ts';
import { isMonitoring } from './monitoring.ts';
import { writeMonitoringFiles } from './monitoring-files.ts';
import { ensureBucket } from './object-store.ts';
import { ensurePrograms, removeUnusedPrograms } from './programs.ts';
import { step } from './progress.ts';
import { clusterIsCreated, createCluster } from './redis-cluster.ts';
import type { Service } from './service.ts';

/**
 * Brings every service of an instance up. What runs as it should is left alone; what crashed is started; what was
 * interrupted in its first start begins anew; what was started with other settings is restarted.
 */
export async function bringUp(instance: Instance): Promise<void> {
  await ensurePrograms();
  await checkPorts(instance);
  const outdated = instance.services.filter((service) => service.pids.length > 0 && !service.isCurrent());
  await Promise.all(outdated.map((service) => service.stop()));
  // Also of services that run: Prometheus reads a target that was gone as soon as it is there again.
  for (const { name } of monitoringOf(instance)) writeMonitoringFiles(name, instance);
  // Each to its end, so that a failure leaves no half-started work behind and every service that can serve does.
  const results = await Promise.allSettled([
    bringUpMysql(instance, (name, afterLaunch) => start(instance.service(name), afterLaunch)),
    bringUpRedis(instance),
    start(instance.service('object-store'), () => ensureBucket(instance.ports)),
    start(instance.service('mail')),
    ...monitoringOf(instance).map((service) => start(service)),
  ]);
  instance.savePorts();
  removeUnusedPrograms();
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Tests that need them start them by themselves (`control.ts`): the others need the memory and the quiet. */
const monitoringOf = ({ name, services }: Instance): Service[] =>
  name === 'test' ? [] : services.filter((service) => isMonitoring(service.name));

/** A port that somebody else holds would make a service fail in its own words: say it in ours, before anything starts. */
async function checkPorts(instance: Instance): Promise<void> {
  for (const service of instance.services) {
    for (const port of service.definition.ports) await checkPort(instance.directory, service.name, port);
  }
}

/** Starts a service unless it runs and waits until it serves; `afterLaunch` is what it needs for that. */
function start(service: Service, afterLaunch?: () => Promise<void>): Promise<void> {
  return step(service.name, async () => {
    const serve = async () => {
      if (afterLaunch !== undefined) await service.waitUntilServing(afterLaunch);
      await service.waitUntilServing();
    };
    if (service.pids.length > 0) {
      try {
        await serve();
        return 'running';
      } catch (error) {
        if (service.pids.length > 0) throw error;
        // It was about to end already, as a MySQL server is that has taken all its data from another one.
      }
    }
    await service.launch();
    await serve();
    return 'started';
  });
}

async function bringUpRedis(instance: Instance): Promise<void> {
  const nodes = instance.services.filter(({ name }) => /^redis-\d/.test(name));
  const isNew = !clusterIsCreated(instance.directory);
  if (isNew) await Promise.all(nodes.map((node) => node.stop()));
  await Promise.all(nodes.map((node) => start(node)));
  if (isNew) await step('redis cluster', () => createCluster(instance.directory, instance.ports));
}
