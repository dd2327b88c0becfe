import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsText } from '../../../infrastructure/http/text.validator.js';

/** Files of one request, as media of one post. */
const MAX_FILES = 10;
/** Parts of an upload; the largest has a third of them. */
const MAX_PARTS = 1_000;

export class FileToUpload {
  @ApiProperty({ minLength: 1, maxLength: 255, example: 'beach.jpg', description: 'For the client; it is not kept.' })
  @IsText(1, 255)
  fileName: string;

  @ApiProperty({ maxLength: 100, example: 'image/jpeg', description: 'One of the types that the service allows.' })
  @IsString({ message: 'must be a string' })
  @MaxLength(100, { message: 'must have at most 100 characters' })
  contentType: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 183_406, description: 'Bytes, exactly.' })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(Number.MAX_SAFE_INTEGER, { message: 'is too large' })
  size: number;
}

export class CreateUploadsRequest {
  @ApiProperty({
    type: [FileToUpload],
    minItems: 1,
    maxItems: MAX_FILES,
    example: [{ fileName: 'beach.jpg', contentType: 'image/jpeg', size: 183_406 }],
  })
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name at least one file' })
  @ArrayMaxSize(MAX_FILES, { message: `must name at most ${MAX_FILES} files` })
  @IsObject({ each: true, message: 'must hold objects only' })
  @ValidateNested({ each: true })
  @Type(() => FileToUpload)
  files: FileToUpload[];
}

/** Names an upload in parts. */
export class UploadKeyRequest {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'media/1/0b5b7a4e-58a8-4a3f-9a3b-0f8f6c1d2e3a.mp4' })
  @IsText(1, 100)
  key: string;
}

export class PartUrlsRequest extends UploadKeyRequest {
  @ApiProperty({ type: [Number], minItems: 1, maxItems: MAX_PARTS, example: [1], description: 'From 1 on.' })
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name at least one part' })
  @ArrayMaxSize(MAX_PARTS, { message: `must name at most ${MAX_PARTS} parts` })
  @IsInt({ each: true, message: 'must hold whole numbers only' })
  @Min(1, { each: true, message: 'must hold numbers from 1 on' })
  @Max(MAX_PARTS, { each: true, message: `must hold numbers up to ${MAX_PARTS}` })
  partNumbers: number[];
}

export class CompletedPart {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_PARTS, example: 1 })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(MAX_PARTS, { message: `must be at most ${MAX_PARTS}` })
  partNumber: number;

  @ApiProperty({ example: '"9b2cf535f27731c974343645a3985328"', description: 'As the store answered the part.' })
  @IsString({ message: 'must be a string' })
  @Matches(/^"?[A-Za-z0-9+/=_-]{1,128}"?$/, { message: 'must be an ETag' })
  etag: string;
}

export class CompleteUploadRequest extends UploadKeyRequest {
  @ApiProperty({
    type: [CompletedPart],
    minItems: 1,
    maxItems: MAX_PARTS,
    example: [{ partNumber: 1, etag: '"9b2cf535f27731c974343645a3985328"' }],
  })
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'must name at least one part' })
  @ArrayMaxSize(MAX_PARTS, { message: `must name at most ${MAX_PARTS} parts` })
  @IsObject({ each: true, message: 'must hold objects only' })
  @ValidateNested({ each: true })
  @Type(() => CompletedPart)
  parts: CompletedPart[];
}
