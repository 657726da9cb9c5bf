/** What is published for a domain: the steps by which a backup MX comes and goes. */
export class MxRecords {
  /** The primaries, and the backup behind them. */
  static withBackup(): MxRecords {
    return new MxRecords(true, false);
  }

  /**
   * The primaries alone. The backup takes mail of the domain all the same: before it is announced,
   * or from senders that still remember it.
   */
  static primariesOnly(): MxRecords {
    return new MxRecords(false, false);
  }

  /**
   * Terraform forgets the records and leaves them as they are. Deploy it once before you take the
   * domain or the backup away: otherwise Terraform deletes the records, the primaries' with them.
   */
  static released(): MxRecords {
    return new MxRecords(false, true);
  }

  private constructor(
    /** Whether senders are told of the backup. */
    readonly hasBackup: boolean,
    /** Whether Terraform lets go of the records. */
    readonly isReleased: boolean,
  ) {}
}
