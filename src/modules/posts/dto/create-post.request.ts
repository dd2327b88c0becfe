import { IsText } from '../../../infrastructure/http/text.validator.js';

export class CreatePostRequest {
  @IsText(1, 2_200)
  content: string;
}
