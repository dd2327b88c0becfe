import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';

/** Turns "not ready" as soon as a shutdown begins, so that load balancers look elsewhere while requests finish. */
@Injectable()
export class Readiness implements BeforeApplicationShutdown {
  private shuttingDown = false;

  constructor(private readonly indicators: HealthIndicatorService) {}

  beforeApplicationShutdown(): void {
    this.shuttingDown = true;
  }

  check() {
    const indicator = this.indicators.check('process');
    return this.shuttingDown ? indicator.down({ message: 'shutting down' }) : indicator.up();
  }
}
