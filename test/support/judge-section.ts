import type { JudgeSection } from "../../lab";

/** What a judge is told whose scanner is MailScanner, with the defaults of the props. */
export const JUDGE_SECTION: JudgeSection = {
  scanner: "mailscanner",
  clamAv: false,
  timeLimit: "30s",
  unscanned: "deliver",
  deliverUnscannedAfter: "1h",
  quarantineLifetime: "30d",
  quarantineShare: "25",
  quarantineWhenFull: "deliver",
  messageSizeLimit: "52428800",
};
