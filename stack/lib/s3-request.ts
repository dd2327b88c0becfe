import { createHash, createHmac } from 'node:crypto';

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

export interface S3Access {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
}

/**
 * Sends a request without body or query, signed with AWS Signature Version 4. Enough to make a bucket, which is all
 * that the stack asks of the object store; the application uses the SDK.
 */
export async function sendSigned(access: S3Access, method: 'PUT' | 'HEAD', path: string): Promise<Response> {
  const url = new URL(path, access.endpoint);
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${access.region}/s3/aws4_request`;
  const bodyHash = hex('');
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date';
  const request = [
    method,
    url.pathname,
    '',
    `host:${url.host}`,
    `x-amz-content-sha256:${bodyHash}`,
    `x-amz-date:${time}`,
    '',
    signedHeaders,
    bodyHash,
  ].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${access.secretKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, hex(request)].join('\n')).toString('hex');
  return fetch(url, {
    method,
    headers: {
      'x-amz-content-sha256': bodyHash,
      'x-amz-date': time,
      authorization: `AWS4-HMAC-SHA256 Credential=${access.accessKey}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    },
  });
}
