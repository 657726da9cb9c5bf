/** A file on the host. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
  /**
   * Whether it can be run.
   *
   * @default false
   */
  readonly isProgram?: boolean;
}
