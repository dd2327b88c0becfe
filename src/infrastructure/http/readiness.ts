import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { FastifyInstance } from 'fastify';

/** Turns "not ready" as soon as the end of the process begins, so that load balancers look elsewhere while requests finish. */
@Injectable()
export class Readiness implements BeforeApplicationShutdown {
  private ending = false;

  constructor(private readonly indicators: HealthIndicatorService) {}

  /** Not ready from now on; requests are answered all the same until the server closes. */
  end(): void {
    this.ending = true;
  }

  beforeApplicationShutdown(): void {
    this.end();
  }

  check() {
    const indicator = this.indicators.check('process');
    return this.ending ? indicator.down({ message: 'shutting down' }) : indicator.up();
  }

  /**
   * Lets each answer end its connection once the process is to end. A balancer that keeps connections would send requests along
   * them for as long as they last, whatever it knows of readiness; and one whose request is under way when the server closes
   * is not idle then, and would be kept alive for longer than the shutdown may last.
   */
  hangUpAtTheEnd(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      if (this.ending) reply.header('Connection', 'close');
      done();
    });
  }
}
