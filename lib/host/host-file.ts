/** A file on the host. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
  /**
   * Whether it can be run, and does not depend on the props.
   *
   * @default false
   */
  readonly isProgram?: boolean;
}
