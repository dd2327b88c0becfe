import { Param, type PipeTransform } from '@nestjs/common';
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

/** A path parameter that holds an id. */
export const IdParam = (name = 'id'): ParameterDecorator => Param(name, new IdPipe(name));
