import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { composeVariables } from './compose.ts';
import { environmentOf } from './environment.ts';
import { root } from './paths.ts';
import { developmentPorts, testPorts, type Ports } from './ports.ts';
import { composeProgram, programsAreComplete } from './programs.ts';

interface ComposeFile {
  services: Record<
    string,
    {
      network_mode?: string;
      command?: string[] | null;
      environment?: Record<string, string>;
      ports?: { host_ip?: string; published: string }[];
      image?: string;
      healthcheck?: object;
      build?: { context: string };
      profiles?: string[];
      volumes?: { type: string; source: string }[];
      read_only?: boolean;
      cap_drop?: string[];
      security_opt?: string[];
      user?: string;
    }
  >;
}

const read = (variables: Record<string, string>, ...options: string[]): ComposeFile =>
  JSON.parse(
    execFileSync(composeProgram, ['--project-directory', root, ...options, 'config', '--format', 'json'], {
      env: { PATH: process.env.PATH, ...variables },
      encoding: 'utf8',
    }),
  ) as ComposeFile;

const publishedPorts = (file: ComposeFile): number[] =>
  Object.values(file.services)
    .flatMap(({ ports = [] }) => ports)
    .map(({ published }) => Number(published))
    .sort((a, b) => a - b);

/** The ports of what is watched with: it listens on the machine's own network. */
const monitoringPorts = (ports: Ports): number[] => [
  ports.prometheus,
  ports.alertmanager,
  ports.mysqlExporter,
  ports.redisExporter,
  ports.nodeExporter,
  ports.grafana,
];

/** The ports that are published; the API and the worker run outside of Compose. */
const servicePorts = (ports: Ports): number[] =>
  Object.values(ports)
    .flat()
    .filter((port) => ![ports.api, ports.worker, ...monitoringPorts(ports)].includes(port))
    .sort((a, b) => a - b);

describe(
  'docker-compose.yml',
  { skip: !programsAreComplete() && 'needs Compose, which the first `up` fetches' },
  () => {
    it('publishes the development ports unless told otherwise', () => {
      assert.deepEqual(publishedPorts(read({})), servicePorts(developmentPorts(0)));
    });

    it('publishes the ports of the instance that it is given', () => {
      const ports = testPorts(20_000);
      assert.deepEqual(publishedPorts(read(composeVariables('test', ports))), servicePorts(ports));
    });

    it('publishes on 127.0.0.1 only', () => {
      const published = Object.values(read({}).services).flatMap(({ ports = [] }) => ports);
      assert.deepEqual([...new Set(published.map((port) => port.host_ip))], ['127.0.0.1']);
    });

    it('has what listens on the machine itself listen on 127.0.0.1 only, on the ports of the instance', () => {
      const ports = testPorts(20_000);
      const { services } = read(composeVariables('test', ports));
      const host = Object.values(services).filter(({ network_mode }) => network_mode === 'host');
      const addresses = host.map(({ command, environment = {} }) => {
        const flag = command?.find((argument) => argument.startsWith('--web.listen-address='))?.split('=')[1];
        return flag ?? `${environment.GF_SERVER_HTTP_ADDR}:${environment.GF_SERVER_HTTP_PORT}`;
      });
      assert.deepEqual(
        addresses.sort(),
        monitoringPorts(ports)
          .map((port) => `127.0.0.1:${port}`)
          .sort(),
      );
    });

    it('watches the health of every service and names the version of every image', () => {
      for (const [name, service] of Object.entries(read({}).services)) {
        assert.ok(service.healthcheck, name);
        assert.ok(service.image === undefined || /:v?\d+\.\d+\.\d+/.test(service.image), name);
      }
    });

    it('builds its own images on versions too', () => {
      const contexts = Object.values(read({}, '--profile', 'app').services).flatMap(
        ({ build }) => build?.context ?? [],
      );
      assert.ok(new Set(contexts).size >= 2);
      for (const context of contexts) {
        const bases = readFileSync(join(context, 'Dockerfile'), 'utf8').matchAll(/^FROM (\S+)/gm);
        for (const [, base] of bases) assert.match(base!, /:v?\d+\.\d+/, context);
      }
    });

    it('gives services the files of configuration that they have natively', () => {
      const { services } = read(composeVariables('test', testPorts(20_000)));
      const mounted = Object.values(services)
        .flatMap(({ volumes = [] }) => volumes)
        .filter(({ type, source }) => type === 'bind' && source.startsWith(`${root}/`))
        .map(({ source }) => source.slice(root.length + 1));
      const written = ['prometheus', 'alertmanager', 'mysql-exporter'].map((name) => `.stack/test/${name}`);
      const native = [
        'grafana/dashboards',
        'grafana/provisioning',
        'mysql',
        'object-store/radosgw.conf',
        'redis-cluster',
      ];
      const own = 'object-store/compose-entrypoint.sh';
      assert.deepEqual([...new Set(mounted)].sort(), [...native, own, ...written].sort());
      for (const path of native) assert.ok(existsSync(join(root, path)), path);
      const begin = readFileSync(join(root, 'mysql/compose-entrypoint.sh'), 'utf8');
      for (const file of ['common.cnf', '$ROLE.cnf', 'init/']) assert.ok(begin.includes(file), file);
      for (const [name, { command }] of Object.entries(services).filter(([each]) => /^redis-\d/.test(each))) {
        assert.ok(command?.includes('/stack/redis-cluster/redis.conf'), name);
      }
    });

    it('has the API and the worker in a profile, without rights, with the settings that they have natively', () => {
      const ports = testPorts(20_000);
      const native = environmentOf(ports);
      const { services } = read(composeVariables('test', ports), '--profile', 'app');
      const own = Object.entries(services).filter(([, { profiles }]) => profiles?.includes('app'));
      assert.deepEqual(own.map(([name]) => name).sort(), ['api', 'migrate', 'worker']);
      for (const [name, { environment = {}, read_only, cap_drop, security_opt, user }] of own) {
        const { NODE_ENV, BIND_ADDRESS, ...addresses } = environment;
        assert.deepEqual([NODE_ENV, BIND_ADDRESS], ['development', '127.0.0.1'], name);
        for (const [setting, value] of Object.entries(addresses)) assert.equal(value, native[setting], setting);
        assert.ok(Object.keys(addresses).length >= 6, name);
        assert.deepEqual([read_only, cap_drop, user], [true, ['ALL'], undefined], name);
        assert.deepEqual(security_opt, ['no-new-privileges:true'], name);
      }
      for (const name of ['api', 'worker']) assert.ok(services[name]!.healthcheck, name);
    });
  },
);
