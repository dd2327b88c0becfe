import { Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { validationFailed } from '../../common/app-error.js';
import { type Id, isId } from '../../common/id.js';

class IdPipe implements PipeTransform<string, Id> {
  constructor(private readonly name: string) {}

  transform(value: string): Id {
    if (!isId(value))
      throw validationFailed([{ field: this.name, message: 'must be an id: decimal digits up to 2^63 - 1' }]);
    return value;
  }
}

/** A path parameter that holds an id. Its type is an alias, of which not every compiler leaves a trace to document. */
export function IdParam(name = 'id'): ParameterDecorator {
  return (target, method, index) => {
    Param(name, new IdPipe(name))(target, method, index);
    const schema = { type: 'string' as const, pattern: '^[1-9][0-9]{0,18}$', example: '7' };
    ApiParam({ name, schema })(target, method!, Object.getOwnPropertyDescriptor(target, method!)!);
  };
}
