import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../src/config/env.schema.js';
import { ConfigError, readEnv } from '../../src/config/read-env.js';

const root = new URL('../../', import.meta.url);
const directory = new URL('deploy/kubernetes/', root);

interface Probe {
  httpGet: { path: string; port: string };
}

interface Container {
  name: string;
  image: string;
  command: string[];
  ports?: { name: string; containerPort: number }[];
  env?: { name: string }[];
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  resources: { requests: object; limits: object };
  securityContext: object;
}

interface PodSpec {
  terminationGracePeriodSeconds?: number;
  automountServiceAccountToken?: boolean;
  securityContext: object;
  containers: Container[];
}

/** What the checks read of an object of Kubernetes. */
interface KubernetesObject {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec?: {
    template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    selector?: Record<string, string> & { matchLabels?: Record<string, string> };
    scaleTargetRef?: { name: string };
  };
}

const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
const objects = files.flatMap((file) =>
  parseAllDocuments(readFileSync(new URL(file, directory), 'utf8'), { merge: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS() as KubernetesObject;
  }),
);
const ofKind = (...kinds: string[]): KubernetesObject[] => objects.filter(({ kind }) => kinds.includes(kind));
const workloads = ofKind('Deployment', 'Job').map(({ kind, metadata, spec }) => {
  const pod = spec!.template!;
  return { kind, name: metadata.name, labels: pod.metadata.labels, pod: pod.spec, container: pod.spec.containers[0]! };
});
const processes = workloads.filter(({ kind }) => kind === 'Deployment');

/** What a container finds in its environment, with something in the place of each secret. */
function environmentOf({ envFrom }: Container, fill: (name: string, value: string) => string): Record<string, string> {
  return Object.assign(
    {},
    ...envFrom.map(({ configMapRef, secretRef }) => {
      const source = ofKind(configMapRef ? 'ConfigMap' : 'Secret').find(
        ({ metadata }) => metadata.name === (configMapRef ?? secretRef)!.name,
      )!;
      const entries = Object.entries(source.data ?? source.stringData!);
      return Object.fromEntries(entries.map(([name, value]) => [name, secretRef ? fill(name, value) : value]));
    }),
  ) as Record<string, string>;
}

const filled = (name: string): string => (name === 'JWT_KEYS' ? `k1:${'s'.repeat(32)}` : 'a secret of some length');

describe('deploy/kubernetes', () => {
  it('has what runs: the API, the worker and the migration', () => {
    expect(workloads.map(({ name }) => name).toSorted()).toEqual(['sns-api', 'sns-migration', 'sns-worker']);
  });

  it.each(workloads)('gives $name settings that it starts with, and none that it does not know', ({ container }) => {
    const environment = environmentOf(container, filled);

    expect(Object.keys(environment).filter((name) => !(name in SETTINGS))).toEqual([]);
    expect((container.env ?? []).filter(({ name }) => !(name in SETTINGS))).toEqual([]);
    expect(() => readEnv(environment)).not.toThrow();
  });

  it.each(workloads)('lets $name not start before its secrets are filled in', ({ container }) => {
    expect(() => readEnv(environmentOf(container, (_, value) => value))).toThrow(ConfigError);
  });

  it.each(workloads)('pins the image of $name, runs it without rights and bounds its memory', ({ pod, container }) => {
    expect(pod.containers).toHaveLength(1);
    expect(container.image).toMatch(/:\d+\.\d+\.\d+$/);
    expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(container).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      resources: { requests: { memory: expect.any(String) }, limits: { memory: expect.any(String) } },
    });
  });

  it.each(processes)('asks the health routes of $name at the port it listens on', ({ name, container }) => {
    const { API_PORT, WORKER_PORT } = readEnv(environmentOf(container, filled));
    const health = (path: string): Probe => ({ httpGet: { path, port: 'http' } });

    expect(container.ports).toEqual([{ name: 'http', containerPort: name === 'sns-api' ? API_PORT : WORKER_PORT }]);
    expect(container.startupProbe).toMatchObject(health('/health/ready'));
    expect(container.readinessProbe).toMatchObject(health('/health/ready'));
    expect(container.livenessProbe).toMatchObject(health('/health/live'));
  });

  it.each(processes)('leaves $name the time to finish what is under way', ({ pod, container }) => {
    const { SHUTDOWN_DELAY, SHUTDOWN_TIMEOUT } = readEnv(environmentOf(container, filled));

    // Endpoints are told at the same time as the pod.
    expect(SHUTDOWN_DELAY).toBeGreaterThanOrEqual(3_000);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual((SHUTDOWN_DELAY + SHUTDOWN_TIMEOUT) / 1_000 + 5);
  });

  it('selects and scales only what is there', () => {
    const selectors = ofKind('Deployment', 'Service', 'PodDisruptionBudget').map(({ kind, spec }) => {
      const wanted = Object.entries(spec!.selector!.matchLabels ?? spec!.selector!);
      return [kind, workloads.filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value)).length];
    });
    const scaled = ofKind('HorizontalPodAutoscaler', 'ScaledObject').map(({ spec }) => spec!.scaleTargetRef!.name);

    expect(selectors.filter(([, count]) => count !== 1)).toEqual([]);
    expect(scaled.toSorted()).toEqual(processes.map(({ name }) => name).toSorted());
  });
});

describe('Dockerfile', () => {
  const text = readFileSync(new URL('Dockerfile', root), 'utf8');
  const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    devDependencies: { node: string };
  };

  it('runs on the Node that the tests run on, not as root, and says whether it is well', () => {
    const images = [...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);

    expect(new Set(images)).toEqual(new Set([`node:${devDependencies.node}-bookworm-slim`]));
    expect(text).toMatch(/^USER [1-9]\d*/m);
    expect(text).toMatch(/^HEALTHCHECK .*\n.*\/health\/live/m);
  });
});
