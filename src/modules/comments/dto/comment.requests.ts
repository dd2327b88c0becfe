import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import type { Id } from '../../../common/id.js';
import { IsId } from '../../../infrastructure/http/id.validator.js';
import { IsText } from '../../../infrastructure/http/text.validator.js';

export class CreateCommentRequest {
  @ApiProperty({ minLength: 1, maxLength: 1_000, example: 'Well said!' })
  @IsText(1, 1_000)
  content: string;

  @ApiPropertyOptional({
    type: 'string',
    example: '17',
    description: 'The comment that this one answers, under the same post.',
  })
  @IsOptional()
  @IsId()
  parentId?: Id;
}

export class EditCommentRequest {
  @ApiProperty({ minLength: 1, maxLength: 1_000, example: 'Well said indeed!' })
  @IsText(1, 1_000)
  content: string;
}
