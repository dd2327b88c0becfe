import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheckService } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { DatabaseHealthIndicator } from '../database/database.health.js';
import { RedisHealthIndicator } from '../redis/redis.health.js';
import { Public } from './public.decorator.js';
import { Readiness } from './readiness.js';

/** For orchestrators and load balancers. */
@Public()
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: DatabaseHealthIndicator,
    private readonly redis: RedisHealthIndicator,
    private readonly readiness: Readiness,
  ) {}

  /** The process runs and its event loop turns. A failure asks for a restart, so dependencies do not count here. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Whether requests should come here; the answer names the part that is not ready. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const result = await this.health
      .check([
        () => this.readiness.check(),
        () => this.database.servers(),
        () => this.database.primary(),
        () => this.database.migrations(),
        () => this.redis.majority(),
      ])
      .catch((error: { getStatus?: () => number; getResponse?: () => object }) => {
        // Terminus throws for "not ready"; here that is an answer, not an error to be masked as problem details.
        if (error.getStatus?.() !== 503 || !error.getResponse) throw error;
        reply.status(503);
        return error.getResponse();
      });
    return result;
  }
}
