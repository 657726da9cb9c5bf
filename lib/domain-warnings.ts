import { Annotations, Aspects } from "cdktf";
import type { Construct } from "constructs";

/** How many domains a warning names. */
const NAMED = 10;

/**
 * Warnings about domains: one for each problem, however many domains have it. They are given at
 * synthesis, when every domain is known.
 */
export class DomainWarnings {
  private readonly domains = new Map<string, string[]>();

  /** @param scope where the warnings stand */
  constructor(private readonly scope: Construct) {
    Aspects.of(scope).add({
      visit: (construct) => {
        if (construct === scope) {
          this.give();
        }
      },
    });
  }

  /**
   * Notes that a domain has a problem.
   *
   * @param problem what it is and what to do about it, in the same words for all domains
   * @param domain the domain, and what there is to know about it alone
   */
  add(problem: string, domain: string): void {
    const domains = this.domains.get(problem) ?? [];
    domains.push(domain);
    this.domains.set(problem, domains);
  }

  private give(): void {
    for (const [problem, domains] of this.domains) {
      const further = domains.length - NAMED;
      const lines = [...domains.slice(0, NAMED), ...(further > 0 ? [`and ${further} more`] : [])];
      Annotations.of(this.scope).addWarning([`${problem}:`, ...lines].join("\n  "));
    }
    // A second synthesis has nothing new to say.
    this.domains.clear();
  }
}
