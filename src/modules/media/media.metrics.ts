import { Injectable } from '@nestjs/common';
import { factsOf, type MediaType } from '../../common/media-types.js';
import { MetricFactory, type Counter } from '../../infrastructure/metrics/metric-factory.js';
import type { Refusal } from './media.errors.js';

/** What becomes of uploads. */
@Injectable()
export class MediaMetrics {
  private readonly issues: Counter<'kind' | 'way'>;
  private readonly attachments: Counter<'kind'>;
  private readonly attachedBytes: Counter<'kind'>;
  private readonly refusals: Counter<'reason'>;

  constructor(metrics: MetricFactory) {
    this.issues = metrics.counter('media_uploads_issued_total', 'Uploads that clients asked for', ['kind', 'way']);
    this.attachments = metrics.counter('media_attached_total', 'Uploads that were attached', ['kind']);
    this.attachedBytes = metrics.counter('media_attached_bytes_total', 'Bytes of attached uploads', ['kind']);
    this.refusals = metrics.counter('media_refused_total', 'Uploads that were not attached, by reason', ['reason']);
  }

  issued(type: MediaType, way: 'single' | 'multipart'): void {
    this.issues.inc({ kind: factsOf(type).kind, way });
  }

  attached(type: MediaType, bytes: number): void {
    const { kind } = factsOf(type);
    this.attachments.inc({ kind });
    this.attachedBytes.inc({ kind }, bytes);
  }

  refused(reason: Refusal): void {
    this.refusals.inc({ reason });
  }
}
