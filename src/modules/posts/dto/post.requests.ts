import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, ValidateIf } from 'class-validator';
import { IsText } from '../../../infrastructure/http/text.validator.js';

const MAX_MEDIA = 10;
/** Longer than any key of ours. */
const MAX_KEY = 255;

export class CreatePostRequest {
  @ApiProperty({
    maxLength: 2_200,
    example: 'Hello, world! 🌍',
    description: 'At least one character, unless the post has media.',
  })
  @IsText(0, 2_200)
  content: string;

  @ApiPropertyOptional({
    type: [String],
    maxItems: MAX_MEDIA,
    example: ['media/1/0b5b7a4e-58a8-4a3f-9a3b-0f8f6c1d2e3a.jpg'],
    description: 'Keys of uploads, in the order in which they are shown; each can be attached once.',
  })
  @ValidateIf((_object, value) => value !== undefined)
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(MAX_MEDIA, { message: `must name at most ${MAX_MEDIA} uploads` })
  @IsText(1, MAX_KEY, { each: true })
  mediaKeys?: string[];
}

export class EditPostRequest {
  @ApiProperty({
    maxLength: 2_200,
    example: 'Hello again, world!',
    description: 'At least one character, unless the post has media.',
  })
  @IsText(0, 2_200)
  content: string;
}
