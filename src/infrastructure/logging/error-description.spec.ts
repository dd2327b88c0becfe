import { describeError } from './error-description.js';

const ofMysql = (message: string): Error =>
  Object.assign(new Error(message), { code: 'ER_SOME', errno: 1062, sql: 'x' });

describe('An error in the log', () => {
  it.each([
    ["Duplicate entry 'ann@example.test' for key 'users.uq_users_email'", "key 'users.uq_users_email'"],
    ["Duplicate entry 'it's for key me' for key 'users.uq_users_email'", "key 'users.uq_users_email'"],
    ["Incorrect integer value: 'ann@\nexample.test' for column 'id' at row 1", "column 'id' at row 1"],
    ["Truncated incorrect INTEGER value: 'ann@example.test'", 'Truncated incorrect INTEGER value'],
  ])('says what MySQL said, without the value: %j', (message, kept) => {
    const { message: told, stack } = describeError(ofMysql(message));
    for (const text of [told, stack]) {
      expect(text).toContain(kept);
      expect(text).not.toMatch(/ann|example|me'/);
    }
    expect(stack).toContain('error-description.spec');
  });

  it('has no field of the driver but its codes, nor has its cause', () => {
    const error = new Error('failed', { cause: ofMysql("Table 'sns.follows' doesn't exist") });
    expect(describeError(error)).toEqual({
      type: 'Error',
      message: 'failed',
      stack: expect.any(String),
      cause: {
        type: 'Error',
        message: "Table 'sns.follows' doesn't exist",
        code: 'ER_SOME',
        errno: 1062,
        stack: expect.any(String),
      },
    });
  });

  it('of ours is told as it is', () => {
    expect(describeError(new Error("no value 'x' for key"))).toMatchObject({ message: "no value 'x' for key" });
    expect(describeError('thrown')).toEqual({ message: 'thrown' });
  });
});
