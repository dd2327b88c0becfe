import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ERROR_STATUS, type ErrorCode } from '../../common/error-codes.js';

class FieldErrorResponse {
  @ApiProperty({ example: 'content' })
  field: string;

  @ApiProperty({ example: 'must not be blank' })
  message: string;
}

/** Body of every error answer (RFC 9457). */
export class ProblemDetailsResponse {
  @ApiProperty({ example: 'urn:sns:problem:validation-failed' })
  type: string;

  @ApiProperty({ example: 'Bad Request' })
  title: string;

  @ApiProperty({ type: 'integer', example: 400 })
  status: number;

  @ApiProperty({ example: 'The request has fields that are missing, unknown or not allowed.' })
  detail: string;

  @ApiProperty({ enum: Object.keys(ERROR_STATUS), description: 'Stable: rely on this one.' })
  code: ErrorCode;

  @ApiProperty({ example: '44afbcc4-d747-4949-9786-2099ea6a62c9' })
  requestId: string;

  @ApiPropertyOptional({ type: [FieldErrorResponse] })
  errors?: FieldErrorResponse[];
}
