import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `?limit=` and `?cursor=` of every list. */
export class PageQuery {
  /** Items on the page. */
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value,
  )
  @IsInt({ message: `must be a whole number from 1 to ${MAX_LIMIT}` })
  @Min(1, { message: `must be a whole number from 1 to ${MAX_LIMIT}` })
  @Max(MAX_LIMIT, { message: `must be a whole number from 1 to ${MAX_LIMIT}` })
  limit: number = DEFAULT_LIMIT;

  /** Where the last page ended; without it, the list starts at its beginning. */
  @IsOptional()
  @IsString({ message: 'must be given once' })
  @MaxLength(256, { message: 'is not a cursor of this list' })
  cursor?: string;
}
