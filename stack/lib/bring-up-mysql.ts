import type { MysqlServer } from './mysql.ts';
import { queryAsMonitor } from './mysql-client.ts';
import { ensureMysqlTemplate } from './mysql-template.ts';
import { adviceFor, connectReplica, findPrimary } from './mysql-topology.ts';
import type { Instance } from './instance.ts';
import { step } from './progress.ts';
import { StackError } from './stack-error.ts';

type Start = (name: string, afterLaunch: () => Promise<void>) => Promise<void>;

/** Brings the servers up, whichever of them is the primary by now. */
export async function bringUpMysql(instance: Instance, start: Start): Promise<void> {
  const servers = instance.mysql;
  await giveData(instance);
  await Promise.all(servers.map((server) => start(server.name, () => connectReplica(server, servers))));
  for (const line of await adviceFor(servers)) console.log(line);
}

/** Gives servers without data those of the template or, where others have data already, those of the primary. */
async function giveData(instance: Instance): Promise<void> {
  const servers = instance.mysql;
  const service = ({ name }: MysqlServer) => instance.service(name);
  const empty = servers.filter((server) => !server.hasData());
  if (empty.length === 0) return;
  await Promise.all(empty.map((server) => service(server).stop()));
  const full = servers.filter((server) => server.hasData());
  if (full.length === 0) {
    const template = await ensureMysqlTemplate(instance.name);
    for (const server of empty) await server.fill(template, 'new');
    return;
  }
  for (const server of full) if (service(server).pids.length === 0) await service(server).launch();
  const answers = (port: number) => queryAsMonitor(port, 'SELECT 1').then(() => undefined);
  await Promise.all(full.map((server) => service(server).waitUntilServing(() => answers(server.ports[0]!))));
  const primary = await findPrimary(full);
  if (primary === undefined) {
    throw new StackError(
      `${empty.map((server) => server.name).join(', ')}: the data are gone, and the primary's with them`,
      {
        advice: `Promote one that has data: npm run mysql -- promote 127.0.0.1:${full[0]!.ports[0]} --old-primary-is-gone`,
      },
    );
  }
  await step(`Copy of ${primary.name}`, async () => {
    await service(primary).stop(); // data that are copied must hold still
    for (const server of empty) await server.fill(primary.dataDirectory, 'copy');
  });
}
