import helmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Headers that a script of an allowed origin may read. */
const EXPOSED = [
  'ETag',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
  'X-Degraded',
];

/**
 * What browsers need to be told: security headers on every answer, and which other sites may call.
 *
 * @param origins web origins that may; no others get an answer that their scripts can read
 */
export async function protectBrowsers(app: NestFastifyApplication, origins: string[]): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        // The page at /docs sets styles and draws its logo inline; its scripts are files of ours.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        // Answers are JSON over plain HTTP in development; TLS is the proxy's matter.
        upgradeInsecureRequests: null,
      },
    },
  });
  if (origins.length === 0) return;
  app.enableCors({
    origin: origins,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: 600,
  });
}
