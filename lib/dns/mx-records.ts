/** What is published for a domain: the steps by which a backup MX comes and goes. */
export class MxRecords {
  /** The primaries, and the backup behind them. */
  static withBackup(): MxRecords {
    return new MxRecords("with backup");
  }

  /**
   * The primaries alone. The backup takes mail of the domain all the same: before it is announced,
   * or from senders that still remember it.
   */
  static primariesOnly(): MxRecords {
    return new MxRecords("primaries only");
  }

  /**
   * Terraform forgets the records and leaves them as they are. Deploy it once before you take the
   * domain or the backup away: otherwise Terraform deletes the records, the primaries' with them.
   */
  static released(): MxRecords {
    return new MxRecords("released");
  }

  private constructor(private readonly state: "with backup" | "primaries only" | "released") {}

  /** Whether senders are told of the backup. @internal */
  get hasBackup(): boolean {
    return this.state === "with backup";
  }

  /** Whether Terraform lets go of the records. @internal */
  get isReleased(): boolean {
    return this.state === "released";
  }
}
