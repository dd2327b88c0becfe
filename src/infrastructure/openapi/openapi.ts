import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** The contract as a document, made from the routes themselves. */
export function createOpenApiDocument(app: NestFastifyApplication, publicUrl: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('SNS')
    .setDescription('A social network: posts, comments, likes, follows, and the home feed.')
    .setVersion('1')
    // First, for the page: it works under whatever name it was reached.
    .addServer(new URL(publicUrl).pathname, 'Where this document comes from')
    .addServer(publicUrl, 'The public address')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .build();
  return SwaggerModule.createDocument(app, config, {
    autoTagControllers: false, // each route names its own
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
}

/** Serves the document at `/openapi.json` and a page to read and try it at `/docs`. */
export function serveOpenApi(app: NestFastifyApplication, publicUrl: string): void {
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app, publicUrl), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'SNS API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}
