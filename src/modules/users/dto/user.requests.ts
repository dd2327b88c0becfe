import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateIf } from 'class-validator';
import { PageQuery } from '../../../infrastructure/http/page.query.js';
import { IsText } from '../../../infrastructure/http/text.validator.js';

/** A field may be left out, but not be null: there is no "no display name". */
const ifGiven = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

export class EditProfileRequest {
  @ApiPropertyOptional({ minLength: 1, maxLength: 50, example: 'Ann Lee' })
  @ifGiven()
  @IsText(1, 50)
  displayName?: string;

  @ApiPropertyOptional({ minLength: 0, maxLength: 300, example: 'Likes trains.' })
  @ifGiven()
  @IsText(0, 300)
  bio?: string;

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    minLength: 1,
    maxLength: 255,
    example: 'media/1/0b5b7a4e-58a8-4a3f-9a3b-0f8f6c1d2e3a.jpg',
    description: 'Key of an upload, which must be an image; null for no avatar.',
  })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @IsText(1, 255)
  avatarKey?: string | null;
}

export class SearchUsersQuery extends PageQuery {
  @ApiProperty({
    description: 'Beginning of a username or a display name.',
    minLength: 1,
    maxLength: 50,
    example: 'ann',
  })
  @IsText(1, 50)
  query: string;
}
