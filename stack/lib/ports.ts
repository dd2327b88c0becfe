import { StackError } from './stack-error.ts';

/** The ports of one instance; every service listens on 127.0.0.1. */
export interface Ports {
  api: number;
  worker: number;
  mysqlPrimary: number;
  mysqlReplicas: [number, number];
  redis: [number, number, number, number, number, number];
  objectStore: number;
  smtp: number;
  mailPage: number;
  prometheus: number;
  alertmanager: number;
  mysqlExporter: number;
  redisExporter: number;
  nodeExporter: number;
  /** With Compose only: no distribution has Grafana. */
  grafana: number;
}

/** A Redis Cluster node talks to the others on its port plus this. */
export const REDIS_BUS_OFFSET = 10_000;

const DEVELOPMENT: Ports = {
  api: 3000,
  worker: 3001,
  mysqlPrimary: 13306,
  mysqlReplicas: [13307, 13308],
  redis: [7001, 7002, 7003, 7004, 7005, 7006],
  objectStore: 9000,
  smtp: 1025,
  mailPage: 1080,
  prometheus: 9090,
  alertmanager: 9093,
  mysqlExporter: 9104,
  redisExporter: 9121,
  nodeExporter: 9100,
  grafana: 3002,
};

/** The highest port of the development instance is a Redis bus port. */
const MAX_OFFSET = 65_535 - (DEVELOPMENT.redis[5] + REDIS_BUS_OFFSET);

/** Of the ports that an offset may lead to, those that browsers and `fetch` refuse to talk to: https://fetch.spec.whatwg.org/#port-blocking */
const BLOCKED = [
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080,
];

/**
 * Reads STACK_PORT_OFFSET, which moves every port of the development instance.
 *
 * @throws StackError when it is no offset, or moves a service to where nobody could talk to it
 */
export function parsePortOffset(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const offset = Number(text);
  if (!/^\d+$/.test(text) || offset > MAX_OFFSET) {
    throw new StackError(`STACK_PORT_OFFSET must be a whole number from 0 to ${MAX_OFFSET}`);
  }
  const blocked = Object.values(developmentPorts(offset))
    .flat()
    .find((port) => BLOCKED.includes(port));
  if (blocked !== undefined) {
    throw new StackError(`STACK_PORT_OFFSET=${offset} leads to port ${blocked}, which browsers refuse: take another`);
  }
  return offset;
}

/** The ports of the development instance, moved by `offset`. */
export function developmentPorts(offset: number): Ports {
  const move = <T extends number[]>(ports: T): T => ports.map((port) => port + offset) as T;
  return {
    api: DEVELOPMENT.api + offset,
    worker: DEVELOPMENT.worker + offset,
    mysqlPrimary: DEVELOPMENT.mysqlPrimary + offset,
    mysqlReplicas: move(DEVELOPMENT.mysqlReplicas),
    redis: move(DEVELOPMENT.redis),
    objectStore: DEVELOPMENT.objectStore + offset,
    smtp: DEVELOPMENT.smtp + offset,
    mailPage: DEVELOPMENT.mailPage + offset,
    prometheus: DEVELOPMENT.prometheus + offset,
    alertmanager: DEVELOPMENT.alertmanager + offset,
    mysqlExporter: DEVELOPMENT.mysqlExporter + offset,
    redisExporter: DEVELOPMENT.redisExporter + offset,
    nodeExporter: DEVELOPMENT.nodeExporter + offset,
    grafana: DEVELOPMENT.grafana + offset,
  };
}

/** How many ports from its first one a test instance may use; the last one is the runner's control address. */
export const TEST_BLOCK_SIZE = 25;

/** The ports of a test instance in the block that begins at `base`. */
export function testPorts(base: number): Ports {
  return {
    redis: [base, base + 1, base + 2, base + 3, base + 4, base + 5],
    mysqlPrimary: base + 6,
    mysqlReplicas: [base + 7, base + 8],
    objectStore: base + 9,
    smtp: base + 10,
    mailPage: base + 11,
    api: base + 12,
    worker: base + 13,
    prometheus: base + 14,
    alertmanager: base + 15,
    mysqlExporter: base + 16,
    redisExporter: base + 17,
    nodeExporter: base + 18,
    grafana: base + 19,
  };
}

/** A port of a test instance's block that none of its services has: for a server that a test starts by itself. */
export const sparePort = (ports: Ports): number => ports.redis[0] + TEST_BLOCK_SIZE - 2;
