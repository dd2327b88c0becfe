import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Header, Headers } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AppError } from '../../common/app-error.js';
import { AppConfig } from '../../config/app-config.js';
import { Public } from '../http/public.decorator.js';
import { MetricFactory } from './metric-factory.js';

@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  private readonly expected?: Buffer;

  constructor(
    private readonly metrics: MetricFactory,
    { metrics: { token } }: AppConfig,
  ) {
    if (token !== '') this.expected = digest(`Bearer ${token}`);
  }

  /** All figures of this process in Prometheus' text format, for whoever has METRICS_TOKEN, or for all without one. */
  @Public()
  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  scrape(@Headers('authorization') given?: string): Promise<string> {
    // Digests are of one length, and how long the comparison takes tells nothing about the token.
    if (this.expected && !timingSafeEqual(digest(given ?? ''), this.expected)) {
      throw new AppError(
        'UNAUTHENTICATED',
        'The token of the metrics is needed: Authorization: Bearer <METRICS_TOKEN>.',
      );
    }
    return this.metrics.registry.metrics();
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
