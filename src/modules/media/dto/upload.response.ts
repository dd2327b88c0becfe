import { ApiProperty } from '@nestjs/swagger';

export class UploadResponse {
  @ApiProperty({
    example: 'media/1/0b5b7a4e-58a8-4a3f-9a3b-0f8f6c1d2e3a.jpg',
    description: 'Names the upload in `mediaKeys` or `avatarKey`.',
  })
  key: string;

  @ApiProperty({ format: 'uri', description: 'Where the file goes; good for this type and size only.' })
  url: string;

  @ApiProperty({ enum: ['PUT'] })
  method: 'PUT';

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { 'Content-Type': 'image/jpeg' },
    description: 'To be sent with the file, beside its `Content-Length`, which clients send by themselves.',
  })
  headers: Record<string, string>;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T14:48:33.218Z', description: 'Until then it must begin.' })
  expiresAt: string;
}

export class UploadsResponse {
  @ApiProperty({ type: [UploadResponse], description: 'In the order of the files.' })
  uploads: UploadResponse[];
}

export class PartResponse {
  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  partNumber: number;

  @ApiProperty({
    format: 'uri',
    description: 'Where the part goes, without a `Content-Type`; good for this size only.',
  })
  url: string;

  @ApiProperty({ enum: ['PUT'] })
  method: 'PUT';

  @ApiProperty({ type: 'integer', minimum: 1, example: 16_777_216, description: 'Bytes of the part.' })
  size: number;
}

export class PartsResponse {
  @ApiProperty({ type: [PartResponse] })
  parts: PartResponse[];

  @ApiProperty({ format: 'date-time', example: '2026-11-22T14:48:33.218Z', description: 'Until then they must begin.' })
  expiresAt: string;
}

export class MultipartUploadResponse extends PartsResponse {
  @ApiProperty({ example: 'media/1/0b5b7a4e-58a8-4a3f-9a3b-0f8f6c1d2e3a.mp4' })
  key: string;

  @ApiProperty({ type: 'integer', example: 16_777_216, description: 'Bytes of every part but the last.' })
  partSize: number;
}
