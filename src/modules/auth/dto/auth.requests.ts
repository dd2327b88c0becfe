import { Transform } from 'class-transformer';
import { IsEmail, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { IsText } from '../../../infrastructure/http/text.validator.js';

const toLowerCase = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.toLowerCase() : value;

export class RegisterRequest {
  /** 3 to 30 of `[a-z0-9_.]`; capitals are made small. */
  @Transform(toLowerCase)
  @Matches(/^[a-z0-9_.]{3,30}$/, { message: 'must be 3 to 30 of a to z, 0 to 9, _ and .' })
  username: string;

  @Transform(toLowerCase)
  @MaxLength(254, { message: 'must have at most 254 characters' })
  @IsEmail({}, { message: 'must be an e-mail address' })
  email: string;

  @IsText(8, 128)
  password: string;

  @IsOptional()
  @IsText(1, 50)
  displayName?: string;
}

export class LoginRequest {
  /** Username or e-mail address. */
  @Transform(toLowerCase)
  @IsString({ message: 'must be a username or an e-mail address' })
  @Length(1, 254, { message: 'must be a username or an e-mail address' })
  login: string;

  @IsString({ message: 'must be a string' })
  @Length(1, 512, { message: 'must not be empty or longer than 512 characters' })
  password: string;
}

export class RefreshRequest {
  @IsString({ message: 'must be a string' })
  @Length(1, 512, { message: 'must be a refresh token' })
  refreshToken: string;
}
