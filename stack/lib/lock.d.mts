export interface LockHolder {
  pid: number;
  purpose: string;
}

export interface Lock {
  release(): void;
}

export interface LockOptions {
  /** What the holder is doing, told to those who meet the lock. */
  purpose?: string;
  wait?: boolean;
  onHolder?: (holder: LockHolder) => void;
}

export function acquireLock(name: string, options: LockOptions & { wait: false }): Promise<Lock | null>;
export function acquireLock(name: string, options?: LockOptions & { wait?: true }): Promise<Lock>;
