import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, IsString, Length, Matches, MaxLength, ValidateIf } from 'class-validator';
import { IsText } from '../../../infrastructure/http/text.validator.js';

const toLowerCase = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.toLowerCase() : value;

/** Only ASCII letters: the lower case of a few others, such as the Kelvin sign, is ASCII. */
const toAsciiLowerCase = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : value;

/** A password that is presented, not chosen: whatever it is, checking it says whether it is right. */
const IsPresentedPassword = (): PropertyDecorator => (target, property) => {
  IsString({ message: 'must be a string' })(target, property);
  Length(1, 512, { message: 'must have 1 to 512 characters' })(target, property);
};

export class RegisterRequest {
  @ApiProperty({ pattern: '^[A-Za-z0-9_.]{3,30}$', example: 'ann', description: 'Stored in small letters.' })
  @Transform(toAsciiLowerCase)
  @Matches(/^[a-z0-9_.]{3,30}$/, { message: 'must be 3 to 30 of a to z, 0 to 9, _ and .' })
  username: string;

  @ApiProperty({ format: 'email', maxLength: 254, example: 'ann@example.com', description: 'Stored in small letters.' })
  @Transform(toLowerCase)
  @MaxLength(254, { message: 'must have at most 254 characters' })
  // No quoted local parts, which may hold line ends: an address becomes a header of a mail one day.
  @Matches(/^[^\s"\p{Cc}\p{Cs}]*$/u, { message: 'must be an e-mail address' })
  @IsEmail({}, { message: 'must be an e-mail address' })
  email: string;

  @ApiProperty({ minLength: 8, maxLength: 128, example: 'correct horse battery' })
  @IsText(8, 128)
  password: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 50, example: 'Ann Lee', description: 'The username if left out.' })
  @ValidateIf((_object, value) => value !== undefined)
  @IsText(1, 50)
  displayName?: string;
}

export class LoginRequest {
  @ApiProperty({ description: 'Username or e-mail address.', example: 'ann', minLength: 1, maxLength: 254 })
  @Transform(toLowerCase)
  @IsString({ message: 'must be a username or an e-mail address' })
  @Length(1, 254, { message: 'must be a username or an e-mail address' })
  login: string;

  @ApiProperty({ example: 'correct horse battery', minLength: 1, maxLength: 512 })
  @IsPresentedPassword()
  password: string;
}

export class RefreshRequest {
  @ApiProperty({
    description: 'The refresh token; it is spent by this.',
    minLength: 1,
    maxLength: 512,
    example: 'pUxJ2gIsRbcjDqFtBEm1H4eC9kTLo7vWzXyAaN0Q5iM',
  })
  @IsString({ message: 'must be a string' })
  @Length(1, 512, { message: 'must be a refresh token' })
  refreshToken: string;
}

export class ChangePasswordRequest {
  @ApiProperty({ example: 'correct horse battery', minLength: 1, maxLength: 512 })
  @IsPresentedPassword()
  currentPassword: string;

  @ApiProperty({ minLength: 8, maxLength: 128, example: 'incorrect horse battery' })
  @IsText(8, 128)
  newPassword: string;
}

export class DeleteAccountRequest {
  @ApiProperty({ example: 'correct horse battery', minLength: 1, maxLength: 512 })
  @IsPresentedPassword()
  password: string;
}
