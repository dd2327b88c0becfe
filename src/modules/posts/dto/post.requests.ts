import { ApiProperty } from '@nestjs/swagger';
import { IsText } from '../../../infrastructure/http/text.validator.js';

export class CreatePostRequest {
  @ApiProperty({ minLength: 1, maxLength: 2_200, example: 'Hello, world! 🌍' })
  @IsText(1, 2_200)
  content: string;
}

export class EditPostRequest {
  @ApiProperty({ minLength: 1, maxLength: 2_200, example: 'Hello again, world!' })
  @IsText(1, 2_200)
  content: string;
}
