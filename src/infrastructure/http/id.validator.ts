import { ValidateBy } from 'class-validator';
import { isId } from '../../common/id.js';

/** A body field that holds an id: a string of decimal digits up to 2^63 - 1. */
export const IsId = (): PropertyDecorator =>
  ValidateBy({
    name: 'isId',
    validator: { validate: isId, defaultMessage: () => 'must be an id: a string of decimal digits up to 2^63 - 1' },
  });
