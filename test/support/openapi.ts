import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createOpenApiDocument } from '../../src/infrastructure/openapi/openapi.js';
import type { Answer } from './api-client.js';
import type { TestApp } from './test-app.js';

export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  allOf?: Schema[];
  enum?: string[];
  items?: Schema;
  example?: unknown;
  maxLength?: number;
  minLength?: number;
  maxItems?: number;
  minItems?: number;
  maximum?: number;
  minimum?: number;
  $ref?: string;
}

interface Content {
  content?: Record<string, { schema: Schema }>;
}

interface Operation {
  operationId: string;
  tags?: string[];
  summary?: string;
  security?: object[];
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required: boolean; schema: Schema }[];
  requestBody?: Content;
  responses: Record<string, Content & { description: string; headers?: Record<string, { required?: boolean }> }>;
}

export interface OpenApiDocument {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** The document of a running API, as it serves it. */
export const documentOf = ({ nest, config }: TestApp): OpenApiDocument =>
  createOpenApiDocument(nest, config.http.publicUrl) as unknown as OpenApiDocument;

/** An operation with its place in the document. */
export interface Route {
  /** Upper case. */
  method: string;
  /** With parameters in braces. */
  path: string;
  operation: Operation;
}

export const routesOf = (document: OpenApiDocument): Route[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );

/** The schema that a reference inside the document stands for. */
export function resolve(document: OpenApiDocument, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = document.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (!found) throw new Error(`${schema.$ref} leads nowhere`);
  return found;
}

/** What the document says of a route's body; `undefined` when it takes none. */
export function bodySchemaOf(document: OpenApiDocument, { operation }: Route): Schema | undefined {
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  return schema && resolve(document, schema);
}

/** The codes that the document says an operation can answer with. */
export function documentedCodes({ operation }: Route): string[] {
  return Object.values(operation.responses).flatMap(({ content }) => {
    const problem = content?.['application/problem+json'];
    return problem?.schema.allOf?.flatMap((part) => part.properties?.['code']?.enum ?? []) ?? [];
  });
}

/** Compares answers with what the document says about them. A field that it does not know is a difference too. */
export class DocumentedAnswers {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    addFormats.default(this.ajv);
    const strict = structuredClone(document);
    for (const [name, schema] of Object.entries(strict.components.schemas)) {
      // Only where it is not combined with others by `allOf`.
      if (name !== 'ProblemDetailsResponse' && schema.properties) schema.additionalProperties = false;
    }
    this.ajv.addSchema(strict, 'document');
  }

  /** @returns what is wrong with an answer, or nothing */
  differences({ path, method, operation }: Route, answer: Answer<unknown>): string[] {
    const response = operation.responses[answer.status];
    if (!response) return [`status ${answer.status} is not documented: ${answer.text.slice(0, 300)}`];
    const always = Object.entries(response.headers ?? {}).filter(([, { required }]) => required !== false);
    const missing = always.map(([name]) => name).filter((name) => !answer.headers.has(name));
    const wrong = missing.map((name) => `the header ${name} is missing`);
    if (!response.content) return answer.text === '' ? wrong : [...wrong, 'there is a body'];
    const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? 'none';
    if (!response.content[type]) return [...wrong, `the content type ${type} is not documented`];
    const validate = this.validator(path, method, answer.status, type);
    if (validate(answer.body)) return wrong;
    return [...wrong, ...validate.errors!.map((error) => `${error.instancePath} ${error.message} (${answer.text})`)];
  }

  private validator(path: string, method: string, status: number, type: string): ValidateFunction {
    const steps = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
    const pointer = steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const known = this.validators.get(pointer) ?? this.ajv.compile({ $ref: `document#/${pointer}` });
    this.validators.set(pointer, known);
    return known;
  }
}
